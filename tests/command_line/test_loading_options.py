"""The options of loading are read as they are typed, and typed as they were read."""

import pytest
import typer

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.errors import ConfigError


@pytest.mark.parametrize("loading", [Loading(), Loading(dtype="bfloat16"), Loading(True, "float32", "auto", True)])
def test_a_command_gets_what_was_typed(loading):
    got = []

    @with_loading
    def command(first: int, *, loading: Loading, last: str = "z"):
        got.append((first, loading, last))

    app = typer.Typer()
    app.command()(command)
    app(["7", *" ".join(loading.typed()).split(), "--last", "y"], standalone_mode=False)
    assert got == [(7, loading, "y")]


def test_what_no_backbone_is_loaded_by_is_refused_before_anything_runs():
    with pytest.raises(ConfigError, match="Unknown dtype 'float8'"):
        Loading(dtype="float8")
