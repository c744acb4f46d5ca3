"""How a command loads its backbones: the options that say so stand here once."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Annotated

import typer

from ddpt_core.backbone.load_options import LoadOptions

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import FrozenLM


@dataclass(frozen=True)
class Loading:
    """How to load; each field is an option of the command line. Raises ConfigError for an unknown dtype or map."""

    trust_remote_code: Annotated[
        bool, typer.Option(help="Run the Python code that comes with a model: it can do whatever you can do here.")
    ] = False
    dtype: Annotated[str, typer.Option(help="How weights are held: auto, float32, bfloat16 or float16.")] = "auto"
    device_map: Annotated[str | None, typer.Option(help="'auto' spreads the backbone over all devices.")] = None
    load_in_8bit: Annotated[
        bool, typer.Option("--load-in-8bit", help="Hold its weights in 8 bits; needs bitsandbytes.")
    ] = False

    def __post_init__(self) -> None:
        self.options()

    def options(self) -> LoadOptions:
        """Returns how the weights are held."""
        return LoadOptions(self.dtype, self.device_map, self.load_in_8bit)

    def backbone(self, name: str, device: str | None = None) -> "FrozenLM":
        """Returns the backbone of that name or folder, on `device` or where load_backbone puts it."""
        from ddpt_core.backbone.loading import load_backbone

        return load_backbone(name, device, self.trust_remote_code, self.options())

    def typed(self) -> list[str]:
        """Returns the options that differ from their defaults, as they are typed."""
        given = [(f"--{f.name.replace('_', '-')}", getattr(self, f.name), f.default) for f in fields(self)]
        return [name if value is True else f"{name} {value}" for name, value, default in given if value != default]


def with_loading(command: Callable[..., None]) -> Callable[..., None]:
    """Returns the command with the fields of Loading as its options in place of its parameter `loading`."""
    signature = inspect.signature(command)
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [inspect.Parameter(f.name, keyword, default=f.default, annotation=f.type) for f in fields(Loading)]
    names = [option.name for option in options]

    @wraps(command)
    def run(**given) -> None:
        loading = Loading(**{name: given.pop(name) for name in names})
        command(**given, loading=loading)

    parameters = []
    for name, parameter in signature.parameters.items():
        parameters += options if name == "loading" else [parameter.replace(kind=keyword)]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
