"""What each metric of the text keeps of an item, and how sums of that become the metric; table.py has the entries.

Letters here: n items, F statistics of one item.
"""

import ast
import warnings
from collections.abc import Sequence

import numpy as np

from ddpt_core.metrics.code_tokens import code_tokens

ORDERS = 4  # BLEU-4
CHAR_ORDERS = 6  # chrF of n-grams of 1 to 6 characters, white space left out: sacrebleu's default
BETA = 2  # chrF weighs recall twice as much as precision

Texts = Sequence[str]


def bleu_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns lengths of answer and reference, matches of 1 to 4 tokens, n-grams of the answer."""
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU(tokenize="none", force=True, smooth_method="none", max_ngram_order=ORDERS)
    answers, wanted = ([" ".join(code_tokens(text)) for text in texts] for texts in (predictions, references))
    return np.array(bleu._extract_corpus_statistics(answers, [wanted]), dtype=float)


def reduce_bleu(sums: np.ndarray) -> np.ndarray:
    """Returns BLEU-4 (Papineni et al. 2002) without smoothing, as the CoNaLa challenge computes it.

    It is 0 where no four tokens in a row match, hence for any answer of fewer than four tokens taken alone.
    """
    answer, wanted = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.exp(np.log(matches / np.maximum(totals, 1)).mean(axis=-1))  # exp(-inf) = 0
        brevity = np.exp(np.minimum(0, 1 - wanted / answer))
    return np.where(wanted > 0, np.where(answer > 0, 100 * brevity * precision, 0), np.nan)


def chrf_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns for each order the character n-grams of the answer, of the reference, and in both."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF(char_order=CHAR_ORDERS, word_order=0, beta=BETA)
    return np.array(chrf._extract_corpus_statistics(predictions, [references]), dtype=float)


def reduce_chrf(sums: np.ndarray) -> np.ndarray:
    """Returns chrF2 (Popović 2015): F-score of mean precision and recall over the orders both have."""
    answer, wanted, both = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]  # (..., 6) each
    present = (answer > 0) & (wanted > 0)
    orders = np.maximum(present.sum(axis=-1), 1)
    precision = np.where(present, both / np.maximum(answer, 1), 0).sum(axis=-1) / orders
    recall = np.where(present, both / np.maximum(wanted, 1), 0).sum(axis=-1) / orders
    weighted = BETA**2 * precision + recall
    f_score = (1 + BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1)
    return np.where(wanted[..., 0] > 0, 100 * f_score, np.nan)


def rouge_l_statistics(predictions: Texts, references: Texts) -> np.ndarray:
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


def exact_match_statistics(predictions: Texts, references: Texts) -> np.ndarray:
    """Returns 1 where the tokens are equal, as in CoNaLa's evaluation: spacing and kind of quote are free."""
    pairs = zip(predictions, references, strict=True)
    return _with_count([code_tokens(answer) == code_tokens(wanted) for answer, wanted in pairs])


def valid_python_statistics(predictions: Texts, references: Texts) -> np.ndarray:
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


def reduce_mean(sums: np.ndarray) -> np.ndarray:
    """Returns the mean of what has a count of 1 beside it, NaN for none."""
    with np.errstate(invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def reduce_percent(sums: np.ndarray) -> np.ndarray:
    """Returns `reduce_mean` in 0..100."""
    return 100 * reduce_mean(sums)
