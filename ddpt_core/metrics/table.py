"""Every figure of answers, one entry each: what it is called, its scale, what it means, and how it is computed.

Torch-free. A new metric of the text is one entry in METRICS: label, scale, note, and two functions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ddpt_core.metrics import code_bleu
from ddpt_core.metrics import text_statistics as text
from ddpt_core.metrics.statistics import Reduce
from ddpt_core.metrics.text_statistics import CHAR_ORDERS, ORDERS, Texts

EXAMPLE = ("min(numbers)", "max(numbers)")  # answer and reference in the notes


@dataclass(frozen=True)
class Figure:
    """A figure by its label, a long one also in `short`; from 0 to `scale`, None where it has no end.

    `note` says what it measures, its range and its trap. EXAMPLE stands for all figures of the text.
    """

    label: str
    scale: int | None
    note: str
    short: str = ""

    @property
    def to_hundred(self) -> float:
        """What a value is multiplied by to be on a scale of 0 to 100; 1 where the scale has no end."""
        return 100 / self.scale if self.scale else 1.0


@dataclass(frozen=True)
class Sums:
    """How a corpus score is had: `statistics` gives (n, F), F = `columns`; `reduce` maps sums (..., F) to scores."""

    columns: int
    statistics: Callable[[Texts, Texts], np.ndarray]
    reduce: Reduce


@dataclass(frozen=True, kw_only=True)
class Metric(Figure):
    """A corpus metric, a score of `sums`; of one that needs references they are asked only for items that have one.

    `of_one`: it says something of a single answer; `in_tables`: it stands in the main tables of a study.
    """

    scale: int
    sums: Sums
    needs_reference: bool = True
    of_one: bool = True
    in_tables: bool = True


METRICS: dict[str, Metric] = {
    "bleu": Metric(
        "BLEU-4",
        scale=100,
        note="Runs of one to four tokens of the answer that the reference has too (a geometric mean), less for an "
        "answer shorter than the reference. 0 to 100, higher is better. It is 0 where no four tokens in a row match: "
        "always for an answer under four tokens, and for min(numbers) in place of max(numbers).",
        sums=Sums(2 + 2 * ORDERS, text.bleu_statistics, text.reduce_bleu),
    ),
    "codebleu": Metric(
        "CodeBLEU",
        scale=100,
        note="The mean of four matches with the reference: runs of tokens, runs with keywords weighed five times, "
        "parts of the syntax tree, and the flow of values, which is left out where the reference has none. 0 to 100, "
        "higher is better. Code of the right shape scores high with wrong names: min(numbers) in place of max(numbers) "
        "gets 60.",
        sums=Sums(code_bleu.COLUMNS, code_bleu.code_bleu_statistics, code_bleu.reduce_code_bleu),
        of_one=False,
    ),
    "chrf": Metric(
        "chrF",
        scale=100,
        note="Runs of one to six characters that answer and reference share, blanks left out; what is missing weighs "
        "more than what is too much. 0 to 100, higher is better. It sees letters, not meaning: min(numbers) in place "
        "of max(numbers) gets 69.",
        sums=Sums(3 * CHAR_ORDERS, text.chrf_statistics, text.reduce_chrf),
    ),
    "rouge_l": Metric(
        "ROUGE-L",
        scale=100,
        note="The longest sequence of tokens that both have in the same order, gaps allowed, set against both "
        "lengths. 0 to 100, higher is better. Brackets and commas match easily: min(numbers) in place of max(numbers) "
        "gets 75.",
        sums=Sums(2, text.rouge_l_statistics, text.reduce_percent),
        in_tables=False,
    ),
    "exact_match": Metric(
        "Exact match",
        short="exact",
        scale=1,
        note="Whether the tokens are those of the reference; blanks, indentation and the kind of quote are free. "
        "Yes is better. Right code that is written otherwise is a no.",
        sums=Sums(2, text.exact_match_statistics, text.reduce_mean),
    ),
    "valid_python": Metric(
        "Valid Python",
        short="parses",
        scale=1,
        note="Whether the answer as it stands parses as Python and holds a statement. Yes is better; it needs "
        "no reference. It says nothing of what the code does: a lone name parses.",
        sums=Sums(2, text.valid_python_statistics, text.reduce_mean),
        needs_reference=False,
    ),
}
PASS, LOSS, SECONDS, TOKENS = "pass_at_1", "loss", "seconds", "tokens"
# What is not computed from the text.
MEASURED: dict[str, Figure] = {
    PASS: Figure(
        "pass@1",
        scale=1,
        note="The chance that at least one of k answers to a task passes all its tests. 0 to 100 %, higher is "
        "better. Only tasks with tests count, and tests may miss what is wrong.",
    ),
    LOSS: Figure(
        "Loss, nats per token",
        short="loss",
        scale=None,
        note="How unlikely the model finds the references’ tokens, in nats per token. From 0 up, lower is better. It "
        "is about the reference’s words: another right answer may be likelier.",
    ),
    SECONDS: Figure(
        "Written in",
        short="seconds",
        scale=None,
        note="Time that the model took to write the answer, less is faster. Making the context is not in it, which "
        "for DDPT is the whole denoising; it depends on the machine and on what else runs.",
    ),
    TOKENS: Figure(
        "Tokens",
        short="tokens",
        scale=None,
        note="How many tokens of the model’s own vocabulary were written, with its mark of the end. Neither more nor "
        "less is better; an answer of as many as are allowed was most likely cut off.",
    ),
}


def figure_named(name: str) -> Figure:
    """Returns the entry of a figure; pass@10, pass_at and the like have that of pass@1."""
    if name.startswith(("pass@", "pass_at")):
        return MEASURED[PASS]
    return METRICS.get(name) or MEASURED[name]


def study_figures() -> dict[str, Figure]:
    """Returns the figures that a study has of an arm, in the order of the tables."""
    return {PASS: MEASURED[PASS], **METRICS, LOSS: MEASURED[LOSS]}
