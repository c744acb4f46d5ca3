"""Writing many answers: the same as one by one, in fewer steps."""

import pytest

from ddpt_core.answering.writing import first_limit, write_answers
from ddpt_core.backbone.frozen_lm import Generation, GenerationSettings

FULL = 64


class Scribe:
    """A backbone that answers the instruction "7 x" with seven times "x ", and counts the steps that it takes."""

    def __init__(self):
        self.batches: list[tuple[int, int]] = []  # (rows, steps)

    def generate(self, context, instructions, settings):
        lengths = [int(text.split()[0]) for text in instructions]
        written = [min(length, settings.max_new_tokens) for length in lengths]
        self.batches.append((len(written), max(written)))
        return [Generation("x " * n, n) for n in written]

    @property
    def work(self) -> int:
        """Rows times steps of all batches."""
        return sum(rows * steps for rows, steps in self.batches)


def wanted(lengths) -> list[str]:
    """Instructions whose answers have these lengths."""
    return [f"{length} {'please ' * (i % 7)}{i}" for i, length in enumerate(lengths)]


def write(scribe, lengths, known=(), size=8, **settings):
    """The answers to such instructions, and what is known of lengths afterwards."""
    known = list(known)
    done: list[float] = []
    settings = GenerationSettings(max_new_tokens=FULL, **settings)
    written = write_answers(scribe, None, wanted(lengths), size, settings, known, done.append)
    assert done[-1] == 1.0 and done == sorted(done) and len(done) == len(scribe.batches)
    return [answer.text for answer in written], known


MOSTLY_SHORT = [5, 9, 60, 12, 7, 11, 64, 10] * 8


@pytest.mark.parametrize("lengths", [MOSTLY_SHORT, [64] * 40, [3] * 40, [50], list(range(1, 65)), [16] * 20])
@pytest.mark.parametrize("known", [(), (5,) * 20, (64,) * 20])
def test_every_answer_is_written_to_its_end_in_its_place(lengths, known):
    written, _ = write(Scribe(), lengths, known)
    assert written == ["x " * length for length in lengths]


def test_few_long_answers_do_not_hold_up_the_short_ones():
    scribe, plain = Scribe(), Scribe()
    write(scribe, MOSTLY_SHORT)
    write(plain, MOSTLY_SHORT, num_beams=2)
    assert len(plain.batches) == 8 and min(steps for _, steps in plain.batches) >= 60
    assert scribe.work < 0.8 * plain.work
    known = Scribe()
    write(known, MOSTLY_SHORT, known=[10] * 30 + [64] * 10)
    assert known.work < scribe.work


def test_long_answers_are_written_once():
    scribe = Scribe()
    write(scribe, [64] * 40)
    assert scribe.batches == [(8, 64)] * 5


def test_lengths_are_told_once_for_each_answer_and_long_ones_as_the_longest():
    _, known = write(Scribe(), MOSTLY_SHORT, known=[8] * 10)
    assert len(known) == 10 + len(MOSTLY_SHORT)
    assert set(known[10:]) == {5, 9, 12, 7, 11, 10, 64}


@pytest.mark.parametrize(
    "lengths, limit",
    [([], 64), ([64] * 10, 64), ([7] * 10, 8), ([8] * 10, 16), ([7] * 9 + [64], 8), ([10] * 7 + [30] * 3, 32)],
)
def test_first_limit_is_the_one_of_least_work(lengths, limit):
    assert first_limit(lengths, 64) == limit


@pytest.mark.parametrize("full", [1, 2])
def test_shortest_settings_are_written_as_they_are(full):
    assert first_limit([1] * 5, full) == full


def test_answers_of_a_real_backbone_are_the_same_one_by_one(tiny, tasks):
    settings = GenerationSettings(max_new_tokens=12, repetition_penalty=1.3)
    texts = [task.instruction for task in tasks[:20]]
    context = tiny.embed("sort list", 8)
    alone = [tiny.generate(context, [text], settings)[0] for text in texts]
    written = write_answers(tiny, context, texts, 6, settings, [1] * 1000, lambda share: None)
    assert written == alone
    assert len({answer.text for answer in alone}) > 1
