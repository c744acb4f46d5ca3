"""What the tabs ask for: backbones and prompts, each loaded once, with one lock around the model.

This is the only place where an error of the core becomes a message of the page.
"""

import functools
import html
import inspect
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from app.page.prompts import trained_on
from app.page.stream import Tell, sentence_of
from app.page.turns import Turns
from ddpt_core.arms import arm_of
from ddpt_core.backbone import registry
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.task import Task
from ddpt_core.errors import DDPTError
from ddpt_core.settings import PROMPT_FILE

Kept = TypeVar("Kept")

MODEL = "model"  # the concurrency_id of every event that uses the model
WAITING = "Waiting for other work to end…"
CACHE = Path(__file__).resolve().parents[2] / ".cache"


def as_toast(function: Callable, rendered: bool = True) -> Callable:
    """Returns `function`, or generator function, that raises every DDPTError as a gr.Error with its sentence.

    The sentence may repeat what somebody typed, and a toast is rendered as HTML, so it is escaped. Any other error is
    a mistake of the program: its text, which may name files, stays in the log.
    """

    def toast(error: Exception) -> gr.Error:
        sentence, expected = sentence_of(error), isinstance(error, DDPTError)
        shown = html.escape(sentence, quote=False) if rendered else sentence
        return gr.Error(shown, title="That did not work", print_exception=not expected)

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            try:
                yield from function(*args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise toast(error) from error

    else:

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise toast(error) from error

    return wrapper


def as_endpoint(function: Callable) -> Callable:
    """Returns `function` with its DDPTErrors as they are, for gradio_client, which shows text and renders nothing."""
    return as_toast(function, rendered=False)


class Services:
    """Loads and keeps what several tabs need; safe to call from several threads."""

    def __init__(self, cache: Path = CACHE):
        self.cache = cache
        self.turns = Turns()
        self._made: dict[type, Any] = {}
        self._making = threading.RLock()
        self.handed: dict[str | None, Task] = {}  # session -> the task that another tab wants to see in Compare
        self.handed_arms: dict[str | None, list[str]] = {}  # session -> the arms that it is to be compared under there
        self.handed_prompts: dict[str | None, str] = {}  # session -> the prompt that another tab wants to be chosen
        self.trusted: set[str] = set()  # backbones whose own code the user allowed to run, until the program ends
        self.backbone = lru_cache(maxsize=2)(self._backbone)
        self.nearest = lru_cache(maxsize=2)(self._nearest)
        self.prompt = lru_cache(maxsize=8)(self._prompt)

    def of(self, kind: type[Kept]) -> Kept:
        """Returns what these services keep of a kind, `kind(self)`, made when it is first asked for."""
        with self._making:
            if kind not in self._made:
                self._made[kind] = kind(self)
            return self._made[kind]

    @contextmanager
    def model(self, tell: Tell | None = None) -> Iterator[None]:
        """Holds the model; while another holds it, `tell` hears so, which is where waiting is cancelled."""
        self.turns.take(lambda: tell and tell(0.0, WAITING))
        try:
            yield
        finally:
            self.turns.release()

    def prompt_names(self, arm: str | None = None) -> list[str]:
        """Returns the names of embedded, then own prompts; with `arm` only those of that arm."""
        folders = registry.available("prompts", PROMPT_FILE)
        names = []
        for name, folder in folders.items():
            try:
                made_for = arm_of(json.loads((folder / PROMPT_FILE).read_text(encoding="utf-8")))
            except (OSError, ValueError, AttributeError, TypeError):
                continue  # loading it by name says what is wrong; here it is only not offered
            if arm in (None, made_for):
                names.append(name)
        own = {name: not folders[name].is_relative_to(registry.ASSETS) for name in names}
        return sorted(names, key=lambda name: (own[name], name != arm, name))

    def _backbone(self, name: str = DEFAULT):
        from ddpt_core import load_backbone

        with self.model():
            return load_backbone(name, trust_remote_code=name in self.trusted)

    def _prompt(self, name: str, backbone: str = ""):
        """Returns a prompt; without `backbone` it is checked against the one that it was trained on."""
        from ddpt_core import load_prompt

        with self.model():
            return load_prompt(name, backbone=self.backbone(backbone or trained_on(name)))

    def _nearest(self, backbone: str = DEFAULT):
        from ddpt_core import NearestTokens

        with self.model():
            return NearestTokens(self.backbone(backbone).embedding_table, "cosine")
