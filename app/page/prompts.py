"""The prompts that an arm can be given: which there are, and what they say of themselves before torch is loaded."""

from __future__ import annotations

import json
from typing import Any

from app.page.numbers import number
from ddpt_core.arms import DDPT, arm_of, trained_arms
from ddpt_core.backbone import registry
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.styles import check_guidance, weights_of
from ddpt_core.errors import ArtifactError
from ddpt_core.settings import DEFAULT_CONTEXT, PROMPT_FILE

NONE_CHOSEN = "No prompt of this arm is chosen, or there is none yet."


class Prompts:
    """The prompts by arm; `services` loads them. In what follows `chosen` is arm -> name of a prompt."""

    def __init__(self, services):
        self.services = services

    def names(self) -> dict[str, list[str]]:
        """Returns trained arm -> names of the prompts that can be chosen, the embedded one first."""
        return {arm: self.services.prompt_names(arm) for arm in trained_arms()}

    def first(self) -> dict[str, str]:
        """Returns for each arm the prompt that is taken where none is named."""
        return {arm: names[0] for arm, names in self.names().items() if names}

    def named(self, given: dict[str, str]) -> dict[str, str]:
        """Returns arm -> the prompt that `given` names, or the first of its arm where it names none."""
        first = self.first()
        return {arm: given.get(arm) or first.get(arm, "") for arm in trained_arms()}

    def fitting(self, chosen: dict[str, str | None], handed: str = "") -> dict[str, str | None]:
        """Returns arm -> the prompt to choose now: `handed` for its arm, else the one of `chosen` if it is there.

        An arm without one gets the first of the backbone that the others are of, and with `handed` so does one whose
        prompt is of another backbone than that.
        """
        known = self.names()
        kept = {arm: name if name in known[arm] else None for arm, name in chosen.items()}
        arm = self.arm_of(handed)
        if handed in known.get(arm or "", ()):
            same = trained_on(handed)
            kept = {one: name if name and trained_on(name) == same else None for one, name in kept.items()}
            kept |= {arm: handed}
        held = {one: name for one, name in kept.items() if name}
        backbone = self.backbone_of(held) if held else None
        return {
            one: name or next((other for other in known[one] if backbone in (None, trained_on(other))), None)
            for one, name in kept.items()
        }

    def arm_of(self, name: str) -> str | None:
        """Returns the arm of an available prompt, None if there is no such prompt."""
        return arm_of(about_prompt(name))

    def started_from(self, chosen: dict[str, str]) -> str:
        """Returns the text that the first of `chosen` started from, which is the manual arm's by default."""
        for name in chosen.values():
            text = about_prompt(name).get("context")
            if text:
                return text
        return DEFAULT_CONTEXT

    def backbone_of(self, chosen: dict[str, str]) -> str:
        """Returns the name of the backbone that the DDPT prompt, else the first of the others, was trained on."""
        for arm in (DDPT, *trained_arms()):
            if chosen.get(arm) and about_prompt(chosen[arm]).get("backbone"):
                return trained_on(chosen[arm])
        return DEFAULT

    def styles(self, chosen: dict[str, str]) -> list[str]:
        """Returns the styles that may be asked of the chosen prompts."""
        found = (about_prompt(name).get("styles") or [] for name in chosen.values())
        return list(dict.fromkeys(style for styles in found for style in styles))

    def steering(self, chosen: dict[str, str], style: str | None, guidance: Any) -> tuple[str, float]:
        """Returns style and guidance as they are asked of the chosen prompts; raises ConfigError if they cannot be."""
        asked = (style or "").strip()
        weights_of(asked, self.styles(chosen))
        return asked, check_guidance(number("Guidance", guidance))

    def load(self, chosen: dict[str, str], arm: str, backbone) -> Any:
        """Returns the prompt chosen for `arm`, or a sentence that says why there is none."""
        if not chosen.get(arm):
            return NONE_CHOSEN
        try:
            prompt = self.services.prompt(chosen[arm], backbone.name)
        except ArtifactError as error:
            return str(error)
        if prompt.arm != arm:
            return f"The prompt {prompt.name!r} is one of the arm {prompt.arm}; choose one of {arm}."
        return prompt


def about_prompt(name: str) -> dict[str, Any]:
    """Returns prompt.json of an available prompt, {} if there is none that can be read."""
    folder = registry.available("prompts", PROMPT_FILE).get(name)
    try:
        about = json.loads((folder / PROMPT_FILE).read_text(encoding="utf-8")) if folder else {}
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def trained_on(name: str) -> str:
    """Returns the name of the backbone of an available prompt, the embedded one's if the prompt does not tell."""
    return (about_prompt(name).get("backbone") or {}).get("name", DEFAULT)
