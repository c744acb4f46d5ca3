"""Every attack, by the file that holds it."""

from attacks import exhaustion, kernel_calls, lies, network, processes, reading, verdicts, writing
from attacks.attack import PRELUDE, SECRET, Attack

ATTACKS: tuple[Attack, ...] = tuple(
    attack
    for topic in (reading, writing, network, processes, exhaustion, kernel_calls, verdicts, lies)
    for attack in topic.ATTACKS
)

__all__ = ["ATTACKS", "PRELUDE", "SECRET", "Attack"]
