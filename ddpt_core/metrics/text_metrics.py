"""Corpus metrics of code: those of METRICS, which compare answers with references, or look at answers alone.

Each metric keeps statistics per item and is a function of their sums, so one pass over the texts gives the
score, its bootstrap interval and paired comparisons of arms (see statistics.py).

Letters here: n items, F statistics of one item.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ddpt_core.errors import DataError
from ddpt_core.metrics import code_bleu
from ddpt_core.metrics.statistics import bootstrap_interval, score_of
from ddpt_core.metrics.table import METRICS
from ddpt_core.metrics.text_statistics import Texts


def score(predictions: Texts, references: Sequence[str | None]) -> dict[str, float | None]:
    """Returns each metric over the whole corpus: 0..100, for exact_match and valid_python 0..1.

    An item whose reference is blank or None counts for valid_python only. A metric is None if no item counts
    for it. The code is read as Python; raises DataError if there are not as many references as predictions.
    """
    items = item_statistics(predictions, references)
    return {name: score_of(items[name], metric.sums.reduce) for name, metric in METRICS.items()}


def score_with_intervals(
    predictions: Texts, references: Sequence[str | None], samples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Returns `score` with `n`, the number of items, and `ci95`: {metric: [low, high]}, bootstrapped.

    An interval is None where the metric is, and with fewer than two items.
    """
    items = item_statistics(predictions, references)
    result: dict[str, Any] = {name: score_of(items[name], m.sums.reduce) for name, m in METRICS.items()}
    result["n"] = len(predictions)
    result["ci95"] = {}
    for name, metric in METRICS.items():
        interval = bootstrap_interval(items[name], metric.sums.reduce, samples, seed)
        result["ci95"][name] = None if interval is None else list(interval)
    return result


def item_statistics(predictions: Texts, references: Sequence[str | None]) -> dict[str, np.ndarray]:
    """Returns each metric's statistics, (n, F), rows in the order of the items.

    With METRICS[name].sums.reduce they go into `bootstrap_interval` and, two arms on the same tasks,
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
        items[name] = np.zeros((len(texts), metric.sums.columns))
        if chosen:
            items[name][chosen] = metric.sums.statistics([predictions[i] for i in chosen], [texts[i] for i in chosen])
    return items


def code_bleu_parts(predictions: Texts, references: Sequence[str | None]) -> dict[str, float | None]:
    """Returns CodeBLEU's ngram, weighted_ngram, syntax and dataflow match in 0..100, None where undefined."""
    sums = item_statistics(predictions, references)["codebleu"].sum(axis=0)
    parts = code_bleu.code_bleu_components(sums)
    return {name: 100 * float(value) if np.isfinite(value) else None for name, value in parts.items()}
