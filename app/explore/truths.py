"""True distances, in the backbone's own space, of what a map shows: from a step of a run, or from a token, to tokens.

For calls that come straight from a page: they wait for nobody's work on the model, only, and not for long, until the
backbone is there, and a run that is kept as a recipe is made again.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import replace
from typing import Any

import numpy as np

from app.explore.runs.recent import check_backbone
from app.explore.runs.runs import Runs
from app.page.numbers import whole
from ddpt_core.errors import BackboneError, ConfigError, require_choice, require_range
from ddpt_core.interpret.truth import Truth, between, ranks_of

KINDS = ("state", "estimate")
MOST_TOKENS = 4_096  # in one call
MOST_NEIGHBOURS = 100
MOST_BACKBONES = 2  # that are kept, as many as Services keeps
PATIENCE = 5.0  # seconds to wait for a backbone that is being loaded, or a run that is being made again


class NotYet(BackboneError):
    """What is asked about is on its way; the same question has an answer in a moment."""


class Truths:
    """Answers in a few milliseconds once a run was asked about before; `services` gives runs and backbones."""

    def __init__(self, services):
        self.services = services
        self._loading: dict[str, Future] = {}  # backbones by name
        self._making: dict[str, Future] = {}  # runs by key, until they are made
        self._change = threading.Lock()

    def of_step(self, key: str, kind: str, step: Any, position: Any, token_ids: Sequence[Any]) -> Truth:
        """Returns how far tokens are from the vector of a position at a step of the run with this key.

        kind: "state" or "estimate". Raises ConfigError for what is outside the run or the vocabulary, ArtifactError
        for a run that is not here any longer.
        """
        require_choice("kind of vector", str(kind)[:40], KINDS)
        trajectory, nearest = self._run(key)
        steps, positions, _ = trajectory.x.shape
        step = require_range("step", whole("step", step), 0, steps - 1)
        position = require_range("position", whole("position", position), 0, positions - 1)
        if kind == "state":
            vector = trajectory.in_backbone_space(trajectory.x[step, position])
        else:
            vector = trajectory.estimate[step, position]
        truth = between(vector, nearest.table, ids_of(token_ids, len(nearest.table)))
        return replace(truth, ranks=ranks_of(truth.token_ids, vector, nearest.table))

    def of_token(self, key: str, token_id: Any, k: Any = 10) -> Truth:
        """Returns the k tokens nearest (cosine) to a token, nearest first and never itself, of the run's backbone."""
        table = (nearest := self._asked(key)[2]).table
        (token,) = ids_of([token_id], len(table))
        k = require_range("k", whole("k", k), 1, min(MOST_NEIGHBOURS, len(table) - 1))
        near = nearest.search(table[token][None], k + 1).ids[0]
        return between(table[token], table, near[near != token][:k].astype(np.int64))

    def _run(self, key: str) -> tuple[Any, Any]:
        """Returns the trajectory of the run with this key, and the NearestTokens of its backbone."""
        entry, backbone, nearest = self._asked(key)
        recent = self.services.of(Runs).recent

        def make() -> None:
            try:
                recent.load(entry, backbone)
            finally:
                self._making.pop(key, None)  # from now on it is `recent` that keeps it

        if not recent.ready(entry):
            result_of(self._begun(self._making, key, make), f"The run {entry.name!r} is being made again from its seed")
        return recent.load(entry, backbone), nearest

    def _asked(self, key: str) -> tuple[Any, Any, Any]:
        """Returns the RunEntry with this key, its backbone and the NearestTokens of that."""
        entry = self.services.of(Runs).by_key(str(key)[:80])
        backbone, nearest = self._backbone(entry.info["backbone"]["name"])
        check_backbone(entry, backbone)
        return entry, backbone, nearest

    def _backbone(self, name: str) -> tuple[Any, Any]:
        """Returns a backbone and its NearestTokens; one that is not there yet is loaded in a thread of its own."""
        loading = self._begun(self._loading, name, lambda: (self.services.backbone(name), self.services.nearest(name)))
        return result_of(loading, f"The backbone {name!r} is still being loaded")

    def _begun(self, kept: dict[str, Future], name: str, work: Callable[[], Any]) -> Future:
        """Returns the work of this name, which is done in a thread of its own; it is begun anew if it failed."""
        with self._change:
            begun = kept.get(name)
            if begun is None or (begun.done() and begun.exception()):
                begun = kept[name] = Future()
                while len(kept) > MOST_BACKBONES:
                    del kept[next(iter(kept))]
                threading.Thread(target=fulfil, args=(begun, work), daemon=True).start()
        return begun


def fulfil(promise: Future, work: Callable[[], Any]) -> None:
    """Gives the promise what `work` returns or raises."""
    try:
        promise.set_result(work())
    except BaseException as error:
        promise.set_exception(error)


def result_of(promise: Future, said: str) -> Any:
    """Returns what was promised; raises NotYet with what is `said` if that takes longer than PATIENCE."""
    try:
        return promise.result(PATIENCE)
    except TimeoutError:
        raise NotYet(f"{said}; ask again in a few seconds.") from None


def ids_of(given: Sequence[Any], vocabulary: int) -> np.ndarray:
    """Returns token ids (n,) that a page sent; raises ConfigError if one is no token, or if they are too many."""
    if not isinstance(given, list | tuple | np.ndarray):
        raise ConfigError("The tokens must be a list of ids; send one.")
    require_range("the number of tokens", len(given), 1, MOST_TOKENS)
    return np.array([require_range("token id", whole("token id", one), 0, vocabulary - 1) for one in given], np.int64)
