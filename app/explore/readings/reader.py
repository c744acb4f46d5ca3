"""Reads a recorded run at a step; torch is loaded when somebody asks, so that the page is there before the model is."""

from __future__ import annotations

import time
from typing import Any

from app.explore.runs.runs import Runs
from app.page.numbers import whole
from app.page.services import WAITING
from app.page.stream import Tell
from ddpt_core.errors import ArtifactError, require_choice
from ddpt_core.interpret.readings import READINGS, Asked, read_context, tasks_for

SHOWN = 8  # tokens of each list


class Reader:
    """Reads runs; `services` gives runs, backbones and the lock around the model."""

    def __init__(self, services):
        self.services = services
        self.checks: dict[Any, Any] = {}  # prompt -> what the model's words are worth on it

    def read(self, name: str, step: int, how: str, kind: str, tell: Tell, visitor: str | None = None) -> dict[str, Any]:
        """Returns what one of READINGS finds at a step of the visitor's run `name`, with the run and the seconds.

        kind: "state" or "estimate". Raises DDPTError for a bad question.
        """
        require_choice("way to read", how, READINGS)
        runs, step = self.services.of(Runs), whole("step", step)
        entry = runs.entry(name, visitor)
        with self.services.model(tell):
            tell(0.0, "Opening the run…")
            backbone = self.services.backbone(entry.info["backbone"]["name"])
            run = runs.recent.load(entry, backbone, tell)
            prompt = self._prompt(entry) if how == "words" else None
            said, started = f"Reading step {step:,} {READINGS[how].label}", time.monotonic()

            def hear(share: float) -> None:
                tell(share, said)
                self.services.turns.give_way(lambda: tell(share, WAITING))

            tell(0.01, said)
            table = self.services.nearest(entry.info["backbone"]["name"])
            asked = Asked(run, backbone, step, kind, SHOWN, tasks_for(run), prompt, table, hear, self.checks)
            found = read_context(how, asked)
        return found | {"run": entry.name, "of_run": entry.label, "seconds": time.monotonic() - started}

    def _prompt(self, entry) -> Any:
        """Returns the prompt that a run was made with; None if it is not here, or another by now."""
        try:
            prompt = self.services.prompt(entry.info["prompt"]["name"])
        except ArtifactError:
            return None
        from ddpt_core.trajectory.trajectory import prompt_sha256

        return prompt if prompt_sha256(prompt) == entry.info["prompt"]["sha256"] else None
