"""The prompts that an arm can be given: which there are, and what they say of themselves before torch is loaded."""

from __future__ import annotations

import json
from typing import Any

from app.theme import ARM_LABELS
from ddpt_core.backbone import registry
from ddpt_core.backbone.registry import EMBEDDED
from ddpt_core.errors import ArtifactError
from ddpt_core.tuning.config import DEFAULT_CONTEXT

ARMS = MANUAL, PROMPT_TUNING, DDPT = tuple(ARM_LABELS)
NONE_CHOSEN = "No prompt of this method is chosen, or there is none yet."


class Prompts:
    """The prompts by method; `services` loads them. In what follows `chosen` is method -> name of a prompt."""

    def __init__(self, services):
        self.services = services

    def names(self) -> dict[str, list[str]]:
        """Returns method -> names of the prompts that can be chosen, the embedded one first."""
        return {method: self.services.prompt_names(method) for method in (PROMPT_TUNING, DDPT)}

    def first(self) -> dict[str, str]:
        """Returns for each method the prompt that is taken where none is named."""
        return {method: names[0] for method, names in self.names().items() if names}

    def named(self, prompt_tuning: str, ddpt: str) -> dict[str, str]:
        """Returns method -> the prompt that is named, or the first of its method where the name is empty."""
        first, given = self.first(), {PROMPT_TUNING: prompt_tuning, DDPT: ddpt}
        return {method: name or first.get(method, "") for method, name in given.items()}

    def started_from(self, chosen: dict[str, str]) -> str:
        """Returns the text that the first of `chosen` started from, which is the manual arm's by default."""
        for name in chosen.values():
            text = self._about(name).get("context")
            if text:
                return text
        return DEFAULT_CONTEXT

    def backbone_of(self, chosen: dict[str, str]) -> str:
        """Returns the name of the backbone that the DDPT prompt, else the other one, was trained on."""
        for method in (DDPT, PROMPT_TUNING):
            backbone = self._about(chosen.get(method, "")).get("backbone")
            if backbone:
                return backbone["name"]
        return EMBEDDED

    def load(self, chosen: dict[str, str], method: str, backbone) -> Any:
        """Returns the prompt chosen for `method`, or a sentence that says why there is none."""
        if method not in chosen:
            return NONE_CHOSEN
        try:
            prompt = self.services.prompt(chosen[method], backbone.name)
        except ArtifactError as error:
            return str(error)
        if prompt.method != method:
            return f"The prompt {prompt.name!r} is a {prompt.method} prompt; choose one of the method {method}."
        return prompt

    def _about(self, name: str) -> dict[str, Any]:
        """Returns prompt.json of an available prompt, {} if there is none that can be read."""
        folder = registry.available("prompts", "prompt.json").get(name)
        try:
            about = json.loads((folder / "prompt.json").read_text(encoding="utf-8")) if folder else {}
        except (OSError, ValueError):
            return {}
        return about if isinstance(about, dict) else {}
