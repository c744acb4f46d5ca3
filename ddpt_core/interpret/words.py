"""A context in the model's own words: it stands in a phrase, and the model is asked what that phrase means.

After SelfIE (arXiv 2403.10949) and Patchscopes (arXiv 2401.06102), with the context as input vectors. Whether the
answers mean anything is measured: prompts whose style is known are put into words, and the styles named are counted
against chance.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.styles import STYLES
from ddpt_core.settings import GenerationSettings

PLACE = "{context}"
FRAMES = (
    f'Repeat in other words: "{PLACE}"',
    f"Please {PLACE}: say in a sentence what you are asked to do.",
    f'The meaning of "{PLACE}" is',
    f'What kind of code does "{PLACE}" ask for?',
)
ANSWER = GenerationSettings(max_new_tokens=24)
ROWS_AT_ONCE = 64  # answers written side by side
PERMUTATIONS = 2_000
ALPHA = 0.05


@dataclass(frozen=True)
class InWords:
    """What the model says of one context in each frame, and the styles that it names there."""

    frames: tuple[str, ...]
    answers: tuple[str, ...]
    named: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Check:
    """How often the answers on contexts of known styles name the right one, in all frames together.

    `right` of `answers` do; with the styles dealt out at random `chance` would on average, and `p_value` is the share
    of deals with as many. `by_frame` counts the right ones of each frame.
    """

    right: int
    answers: int
    chance: float
    p_value: float
    by_frame: dict[str, int] = field(default_factory=dict)

    @property
    def is_above_chance(self) -> bool:
        """Whether the answers tell the styles at all."""
        return self.p_value < ALPHA


def say_in_words(
    backbone: FrozenLM,
    contexts: torch.Tensor,
    styles: Sequence[str] = tuple(STYLES),
    frames: Sequence[str] = FRAMES,
    progress: Callable[[float], None] | None = None,
) -> list[InWords]:
    """Returns what the model says of contexts (C, P, D) in each frame, greedily, and which of `styles` it names.

    `progress` hears the share that is done, and may raise to cancel. Cost: C answers a frame.
    """
    said: list[list[str]] = []
    for place, frame in enumerate(frames):
        said.append([])
        for start in range(0, len(contexts), ROWS_AT_ONCE):
            said[-1] += _answers(backbone, contexts[start : start + ROWS_AT_ONCE], frame)
            if progress:
                progress((place + min(1.0, (start + ROWS_AT_ONCE) / len(contexts))) / len(frames))
    names = tuple(frames)
    return [
        InWords(names, answers, tuple(tuple(styles_named(text, styles)) for text in answers))
        for answers in zip(*said, strict=True)
    ]


def check_words(said: Sequence[InWords], right: Sequence[str], seed: int = 0) -> Check:
    """Returns how often answers name the right style, against styles dealt out at random over the same answers."""
    styles = sorted(set(right))
    named = np.array([[[style in names for style in styles] for names in one.named] for one in said])  # (C,F,styles)
    label = np.array([styles.index(style) for style in right])
    rows = np.arange(len(said))
    counts = named.sum(1)  # (C, styles), of frames
    hits = int(counts[rows, label].sum())
    rng = np.random.default_rng(seed)
    dealt = np.array([counts[rows, rng.permutation(label)].sum() for _ in range(PERMUTATIONS)])
    by_frame = dict(zip(said[0].frames, named[rows, :, label].sum(0).tolist(), strict=True))
    p_value = (1 + int((dealt >= hits).sum())) / (1 + PERMUTATIONS)
    return Check(hits, len(said) * len(said[0].frames), float(dealt.mean()), p_value, by_frame)


def styles_named(text: str, styles: Sequence[str]) -> list[str]:
    """Returns the styles whose word stands in a text; of "function with a guard" it is "guard"."""
    return [style for style in styles if re.search(rf"\b{word_of(style)}s?\b", text, re.IGNORECASE)]


def word_of(style: str) -> str:
    """Returns the word that tells a style from others; its name for one that is not ours."""
    label = STYLES[style].label if style in STYLES else style
    return re.escape(label.removeprefix("function with ").removeprefix("a ").removesuffix("s"))


def _answers(backbone: FrozenLM, contexts: torch.Tensor, frame: str) -> list[str]:
    """Returns the answers to a frame in which the contexts (C, P, D) stand."""
    before, after = frame.split(PLACE)
    words = backbone.embed(before).expand(len(contexts), -1, -1)  # (C,F,D)
    framed = torch.cat([words, contexts.to(words)], 1)  # (C,F,D) + (C,P,D) -> (C,F+P,D)
    return [answer.text for answer in backbone.generate(framed, [after] * len(contexts), ANSWER)]
