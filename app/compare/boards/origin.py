"""What made the answers that are taken away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """What made the answers: the backbone with its sha256, arm -> prompt with that of its weights, and versions."""

    backbone: dict[str, str]
    prompts: dict[str, dict[str, str]]
    versions: dict[str, str]
