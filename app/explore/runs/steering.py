"""What a run is steered by, its styles and the guidance: read from a run or a form, in words, and in a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddpt_core.data.styles import STYLES, weights_of


@dataclass(frozen=True)
class Steering:
    """Styles with their shares, which add up to 1, and the guidance; a run that nothing steers has no shares."""

    shares: tuple[tuple[str, float], ...] = ()
    guidance: float = 1.0

    @classmethod
    def of(cls, style: str, guidance: float, known: Sequence[str]) -> "Steering":
        """Returns what `style` (see `weights_of`) and `guidance` ask; raises ConfigError for what cannot be asked."""
        shares = weights_of(style, known)
        return cls(tuple(sorted(shares.items())), guidance) if shares else cls()

    @classmethod
    def of_run(cls, info: Mapping[str, Any]) -> "Steering":
        """Returns what a run.json tells, whatever its styles are called."""
        style = info.get("style", "")
        names = [part.partition("=")[0].strip() for part in style.split(",")]
        return cls.of(style, info.get("guidance", 1.0), names)

    @property
    def words(self) -> list[str]:
        """The styles and the guidance as they are read, to be joined with what else is said of the run."""
        if not self.shares:
            return []
        alone = len(self.shares) == 1
        styles = [
            label_of_style(name) if alone else f"{share:.0%} {label_of_style(name)}" for name, share in self.by_share
        ]
        return [" + ".join(styles), *([f"guidance {self.guidance:g}"] if self.guidance != 1 else [])]

    @property
    def in_name(self) -> str:
        """What the name of a run says of it, with a hyphen before it; nothing where nothing steers."""
        guided = f"-guidance{self.guidance:g}" if self.shares and self.guidance != 1 else ""
        mixed = len(self.shares) > 1
        styles = "+".join(f"{name}{share * 100:.0f}" if mixed else name for name, share in self.by_share)
        return f"-{styles}{guided}" if styles else ""

    @property
    def by_share(self) -> list[tuple[str, float]]:
        """The shares, the largest first."""
        return sorted(self.shares, key=lambda pair: -pair[1])


def label_of_style(name: str) -> str:
    """Returns a style as it is read; one that is not of STYLES by its name."""
    return STYLES[name].label if name in STYLES else name


def asked_style(names: Sequence[str] | None, share: float) -> str:
    """Returns the styles that a form holds as `weights_of` reads them; of two the first has `share` percent."""
    names = list(names or ())
    if len(names) != 2:
        return ",".join(names)
    return f"{names[0]}={share / 100:g},{names[1]}={1 - share / 100:g}"
