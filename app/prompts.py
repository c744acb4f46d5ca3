"""The prompts that an arm can be given: which there are, and what they say of themselves before torch is loaded."""

from __future__ import annotations

import json
from typing import Any

from app.arms import DDPT, TRAINED
from ddpt_core.backbone import registry
from ddpt_core.backbone.registry import EMBEDDED
from ddpt_core.errors import ArtifactError
from ddpt_core.tuning.config import DEFAULT_CONTEXT

NONE_CHOSEN = "No prompt of this arm is chosen, or there is none yet."


class Prompts:
    """The prompts by arm; `services` loads them. In what follows `chosen` is arm -> name of a prompt."""

    def __init__(self, services):
        self.services = services

    def names(self) -> dict[str, list[str]]:
        """Returns trained arm -> names of the prompts that can be chosen, the embedded one first."""
        return {arm: self.services.prompt_names(arm) for arm in TRAINED}

    def first(self) -> dict[str, str]:
        """Returns for each arm the prompt that is taken where none is named."""
        return {arm: names[0] for arm, names in self.names().items() if names}

    def named(self, given: dict[str, str]) -> dict[str, str]:
        """Returns arm -> the prompt that `given` names, or the first of its arm where it names none."""
        first = self.first()
        return {arm: given.get(arm) or first.get(arm, "") for arm in TRAINED}

    def started_from(self, chosen: dict[str, str]) -> str:
        """Returns the text that the first of `chosen` started from, which is the manual arm's by default."""
        for name in chosen.values():
            text = self._about(name).get("context")
            if text:
                return text
        return DEFAULT_CONTEXT

    def backbone_of(self, chosen: dict[str, str]) -> str:
        """Returns the name of the backbone that the DDPT prompt, else the first of the others, was trained on."""
        for arm in (DDPT, *TRAINED):
            backbone = self._about(chosen.get(arm, "")).get("backbone")
            if backbone:
                return backbone["name"]
        return EMBEDDED

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

    def _about(self, name: str) -> dict[str, Any]:
        """Returns prompt.json of an available prompt, {} if there is none that can be read."""
        folder = registry.available("prompts", "prompt.json").get(name)
        try:
            about = json.loads((folder / "prompt.json").read_text(encoding="utf-8")) if folder else {}
        except (OSError, ValueError):
            return {}
        return about if isinstance(about, dict) else {}
