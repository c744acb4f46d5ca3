"""Corpus metrics of code: BLEU-4, CodeBLEU, chrF, ROUGE-L and exact match with references, and valid Python.

Each metric keeps statistics per item and is a function of their sums, so one pass over the texts gives the
score, its bootstrap interval and paired comparisons of arms (see statistics.py). A new metric is a pair of
functions and one line in METRICS.

Letters here: n items, F statistics of one item.
"""

import ast
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddpt_core.errors import DataError
from ddpt_core.metrics import code_bleu
from ddpt_core.metrics.code_tokens import code_tokens
from ddpt_core.metrics.statistics import Reduce, bootstrap_interval, score_of

ORDERS = 4  # BLEU-4
CHAR_ORDERS = 6  # chrF of n-grams of 1 to 6 characters, white space left out: sacrebleu's default
BETA = 2  # chrF weighs recall twice as much as precision

Texts = Sequence[str]


@dataclass(frozen=True)
class Metric:
    """A corpus metric: `statistics` gives (n, F), `reduce` maps sums (..., F) to scores (...) in 0..`scale`.

    Statistics of a metric that needs references are only asked for items that have one.
    """

    label: str
    scale: int
    columns: int
    statistics: Callable[[Texts, Texts], np.ndarray]
    reduce: Reduce
    needs_reference: bool = True


def score(predictions: Texts, references: Sequence[str | None]) -> dict[str, float | None]:
    """Returns each metric over the whole corpus: 0..100, for exact_match and valid_python 0..1.

    An item whose reference is blank or None counts for valid_python only. A metric is None if no item counts
    for it. The code is read as Python; raises DataError if there are not as many references as predictions.
    """
    items = item_statistics(predictions, references)
    return {name: score_of(items[name], metric.reduce) for name, metric in METRICS.items()}


def score_with_intervals(
    predictions: Texts, references: Sequence[str | None], samples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Returns `score` with `n`, the number of items, and `ci95`: {metric: [low, high]}, bootstrapped.

    An interval is None where the metric is, and with fewer than two items.
    """
    items = item_statistics(predictions, references)
    result: dict[str, Any] = {name: score_of(items[name], m.reduce) for name, m in METRICS.items()}
    result["n"] = len(predictions)
    result["ci95"] = {}
    for name, metric in METRICS.items():
        interval = bootstrap_interval(items[name], metric.reduce, samples, seed)
        result["ci95"][name] = None if interval is None else list(interval)
    return result


def item_statistics(predictions: Texts, references: Sequence[str | None]) -> dict[str, np.ndarray]:
    """Returns each metric's statistics, (n, F), rows in the order of the items.

    With METRICS[name].reduce they go into `bootstrap_interval` and, two arms on the same tasks,
    `paired_bootstrap`. An item without a reference has zeros, which add nothing to a sum.
    """
    if len(predictions) != len(references):
        raise DataError(
            f"Each prediction needs one reference, got {len(predictions):,} predictions and "
            f'{len(references):,} references; pass "" for an item that has none.'
        )
    texts = [reference or "" for reference in references]
    with_reference = [index for index, text in enumerate(texts) if text.strip()]
    items = {}
    for name, metric in METRICS.items():
        chosen = with_reference if metric.needs_reference else list(range(len(texts)))
        items[name] = np.zeros((len(texts), metric.columns))
        if chosen:
            items[name][chosen] = metric.statistics([predictions[i] for i in chosen], [texts[i] for i in chosen])
    return items


def code_bleu_parts(predictions: Texts, references: Sequence[str | None]) -> dict[str, float | None]:
    """Returns CodeBLEU's ngram, weighted_ngram, syntax and dataflow match in 0..100, None where undefined."""
    sums = item_statistics(predictions, references)["codebleu"].sum(axis=0)
    parts = code_bleu.code_bleu_components(sums)
    return {name: 100 * float(value) if np.isfinite(value) else None for name, value in parts.items()}


def _bleu_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns lengths of answer and reference, matches of 1 to 4 tokens, n-grams of the answer."""
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU(tokenize="none", force=True, smooth_method="none", max_ngram_order=ORDERS)
    answers, wanted = ([" ".join(code_tokens(text)) for text in texts] for texts in (predictions, references))
    return np.array(bleu._extract_corpus_statistics(answers, [wanted]), dtype=float)


def _reduce_bleu(sums: np.ndarray) -> np.ndarray:
    """Returns BLEU-4 (Papineni et al. 2002) without smoothing, as the CoNaLa challenge computes it.

    It is 0 where no four tokens in a row match, hence for any answer of fewer than four tokens taken alone.
    """
    answer, wanted = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(matches / np.maximum(totals, 1)).mean(axis=-1))  # exp(-inf) = 0
        brevity = np.exp(np.minimum(0, 1 - wanted / answer))
    return np.where(wanted > 0, np.where(answer > 0, 100 * brevity * precision, 0), np.nan)


def _chrf_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns for each order the character n-grams of the answer, of the reference, and in both."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF(char_order=CHAR_ORDERS, word_order=0, beta=BETA)
    return np.array(chrf._extract_corpus_statistics(predictions, [references]), dtype=float)


def _reduce_chrf(sums: np.ndarray) -> np.ndarray:
    """Returns chrF2 (Popović 2015): F-score of mean precision and recall over the orders both have."""
    answer, wanted, both = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]  # (..., 6) each
    present = (answer > 0) & (wanted > 0)
    orders = np.maximum(present.sum(axis=-1), 1)
    precision = np.where(present, both / np.maximum(answer, 1), 0).sum(axis=-1) / orders
    recall = np.where(present, both / np.maximum(wanted, 1), 0).sum(axis=-1) / orders
    weighted = BETA**2 * precision + recall
    f_score = (1 + BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1)
    return np.where(wanted[..., 0] > 0, 100 * f_score, np.nan)


def _rouge_l_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns each item's F-measure of the longest common subsequence of tokens (Lin 2004), and 1."""
    pairs = zip(predictions, references, strict=True)
    return _with_count([_rouge_l(code_tokens(answer), code_tokens(wanted)) for answer, wanted in pairs])


def _rouge_l(answer: Sequence[str], wanted: Sequence[str]) -> float:
    # The same as 2PR / (P + R) of P = common / len(answer) and R = common / len(wanted).
    return 2 * _common_length(answer, wanted) / (len(answer) + len(wanted))


def _common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence, a column of its table at a time as one number.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited". The table itself, which rouge_score fills,
    takes seconds and gigabytes on some pages of code.
    """
    where: dict[str, int] = {}
    for place, token in enumerate(first):
        where[token] = where.get(token, 0) | 1 << place
    every = (1 << len(first)) - 1
    column = every  # a bit is 0 where the column grows by one
    for token in second:
        met = column & where.get(token, 0)
        column = (column + met | column - met) & every
    return len(first) - column.bit_count()


def _exact_match_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns 1 where the tokens are equal, as in CoNaLa's evaluation: spacing and kind of quote are free."""
    pairs = zip(predictions, references, strict=True)
    return _with_count([code_tokens(answer) == code_tokens(wanted) for answer, wanted in pairs])


def _valid_python_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns 1 where the answer, as it stands, parses under this Python and holds a statement."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd but valid code, such as "\d"
        return _with_count([_is_python(answer) for answer in predictions])


def _is_python(code: str) -> bool:
    try:
        return bool(ast.parse(code).body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested too deeply for the parser
        return False


def _with_count(values: Sequence[float]) -> np.ndarray:
    return np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])  # (n, 2)


def _reduce_mean(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def _reduce_percent(sums: np.ndarray) -> np.ndarray:
    return 100 * _reduce_mean(sums)


METRICS: dict[str, Metric] = {
    "bleu": Metric("BLEU-4", 100, 2 + 2 * ORDERS, _bleu_statistics, _reduce_bleu),
    "codebleu": Metric("CodeBLEU", 100, code_bleu.COLUMNS, code_bleu.code_bleu_statistics, code_bleu.reduce_code_bleu),
    "chrf": Metric("chrF", 100, 3 * CHAR_ORDERS, _chrf_statistics, _reduce_chrf),
    "rouge_l": Metric("ROUGE-L", 100, 2, _rouge_l_statistics, _reduce_percent),
    "exact_match": Metric("Exact match", 1, 2, _exact_match_statistics, _reduce_mean),
    "valid_python": Metric("Valid Python", 1, 2, _valid_python_statistics, _reduce_mean, needs_reference=False),
}
