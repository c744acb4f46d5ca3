"""Commands run in this process, as a user would type them."""

import functools
import json

import pytest

from ddpt_core.__main__ import main


@pytest.fixture
def command(capsys, monkeypatch):
    """Runs a command in this process: command("sample", "--out", ...) -> (exit code, stdout, stderr).

    However long it takes, it tells no progress.
    """
    monkeypatch.setattr("ddpt_core.commands.options.BETWEEN_LINES", 1e9)

    def run(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def told(command):
    """Runs a command with --json and returns the one object that it prints."""

    def run(*arguments) -> dict:
        code, out, err = command(*arguments, "--json")
        assert (code, err) == (0, "")
        assert out.count("\n") == 1
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return run


@pytest.fixture
def refused(command, tmp_path):
    """Runs a command that must fail: code 2, one line on stderr, nothing else told or written; returns the line."""

    def contents():
        return {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")}

    def run(*arguments) -> str:
        before = contents()
        for option in ([], ["--json"]):
            code, out, err = command(*arguments, *option)
            assert (code, out, err.count("\n")) == (2, "", 1), err
            assert "Traceback" not in err and len(err) > 20
            assert contents() == before
        return err.rstrip("\n")

    return run


@pytest.fixture
def train(tiny_folder, data_file):
    """Arguments of a training of a few small steps; options given later count."""
    fixed = ["train", "--backbone", tiny_folder, "--context", "sort list", "--context-length", 8]
    return lambda method, *options: [
        *fixed,
        *([] if "--data" in options else ["--data", data_file]),
        "--method",
        method,
        "--steps",
        4,
        "--batch-size",
        4,
        "--hidden",
        16,
        *options,
    ]


@pytest.fixture
def short_process(monkeypatch):
    """T = 20 in place of 2000 for trainings from the command line, which has no option for it."""
    from ddpt_core import settings as config

    quick = functools.partial(config.TrainConfig, timesteps=20, validate_every=2, save_every=2)
    monkeypatch.setattr(config, "TrainConfig", quick)
