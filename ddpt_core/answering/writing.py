"""Writing many answers: instructions of like length together, and no batch waits for the long answers of a few."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.settings import GenerationSettings

SHARES = (1 / 8, 1 / 4, 3 / 8, 1 / 2)  # of the longest answer: up to where a batch may be written at first


def write_answers(
    backbone: FrozenLM,
    context: torch.Tensor | None,
    instructions: Sequence[str],
    size: int,
    settings: GenerationSettings,
    lengths: list[int],
    done: Callable[[float], None],
) -> list[str]:
    """Returns the answers to instructions, in batches of `size`: greedy, or by beams.

    A batch takes as long as its longest answer. So greedy answers are written up to a few tokens first, and those that
    go on anew, together, if that is less work by the `lengths` in tokens of answers that are known; those of these
    answers are added to them. Beams look back, so they are written in full at once.
    """
    full, texts = settings.max_new_tokens, [""] * len(instructions)
    order = sorted(range(len(texts)), key=lambda i: len(instructions[i]), reverse=True)  # the dearest batch first
    longer: list[int] = []
    written = 0

    def write(batch: Sequence[int], limit: int) -> list[int]:
        """Returns the lengths, `full` for those that go on."""
        nonlocal written
        answers = backbone.generate(context, [instructions[i] for i in batch], replace(settings, max_new_tokens=limit))
        for i, answer in zip(batch, answers, strict=True):
            if limit < full and answer.tokens >= limit:
                longer.append(i)
            else:
                texts[i], written = answer.text, written + 1
        done(written / len(texts))
        return [answer.tokens if answer.tokens < limit else full for answer in answers]

    for start in range(0, len(order), size):
        lengths += write(order[start : start + size], full if settings.num_beams > 1 else first_limit(lengths, full))
    again = list(longer)
    for start in range(0, len(again), size):
        write(again[start : start + size], full)
    return texts


def first_limit(lengths: Sequence[int], full: int) -> int:
    """Returns up to how many tokens to write at first, so that this and writing the longer ones anew is least work.

    By the lengths of other answers, `full` for those that are not known to end before. Without any it is `full`.
    """
    work = {full: float(full)}
    for limit in (round(full * share) for share in SHARES):
        if lengths and limit > 1:
            work[limit] = limit + full * sum(length >= limit for length in lengths) / len(lengths)
    return min(work, key=work.__getitem__)
