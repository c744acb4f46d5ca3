"""Numbers that somebody typed, or sent: what they are, or a sentence that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ddpt_core.errors import ConfigError

if TYPE_CHECKING:
    from ddpt_core.backbone.frozen_lm import GenerationSettings


COLLAPSED = 0.01  # spread over seeds, in standard deviations of the vocabulary, below which the seed hardly matters


def whole(what: str, value: Any) -> int:
    """Returns `value` as an int; raises ConfigError if it is no whole number."""
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{what} must be a whole number, got {_shown(value)}; type one.") from None


def number(what: str, value: Any, kind: str = "a number") -> float:
    """Returns `value` as a float; raises ConfigError that asks for `kind` if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{what} must be {kind}, got {_shown(value)}; type one.")
    return float(value)


def generation_settings(repetition_penalty: Any = 1.0, **others: Any) -> GenerationSettings:
    """Returns how the backbone is to write; `others` are whole numbers. Raises ConfigError."""
    from ddpt_core.backbone.frozen_lm import GenerationSettings

    penalty = number("repetition_penalty", repetition_penalty, "a number from 0.5 to 2")
    return GenerationSettings(
        repetition_penalty=penalty, **{name: whole(name, value) for name, value in others.items()}
    )


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:40]
