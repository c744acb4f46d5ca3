"""The errors that a user can cause; each message is one sentence: what, the limit, what was given, what to do."""

from collections.abc import Iterable


class DDPTError(Exception):
    """Base of every error that the command line and the app show as one line."""


class ConfigError(DDPTError):
    """A setting is out of its range or is none of the choices."""


class DataError(DDPTError):
    """A file of tasks, or an instruction, cannot be used."""


class BackboneError(DDPTError):
    """A backbone cannot be found or loaded, or does not fit."""


class ArtifactError(DDPTError):
    """A prompt or run folder is missing, damaged, of another backbone, or of a newer format."""


def first_line(error: Exception) -> str:
    """Returns the first line of what a library said, to stand within a message of ours."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def require_choice(what: str, given: str, choices: Iterable[str]) -> str:
    """Returns `given` if it is one of `choices`; raises ConfigError that lists them otherwise."""
    names = sorted(choices)
    if given not in names:
        raise ConfigError(f"Unknown {what} {given!r}; choose one of {', '.join(names)}.")
    return given


def require_range(what: str, given: int, low: int, high: int | None = None) -> int:
    """Returns `given` if low <= given <= high; raises ConfigError that names the limits otherwise."""
    if given < low or (high is not None and given > high):
        limits = f"at least {low}" if high is None else f"from {low:,} to {high:,}"
        raise ConfigError(f"{what} must be {limits}, got {given:,}.")
    return given
