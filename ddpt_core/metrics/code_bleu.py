"""CodeBLEU of Python (Ren et al. 2020) from per-item statistics, on the parser of the codebleu package.

The package's own score is not used as it is, because it
- gives 0.25 to an empty answer: a data-flow match of 0 counts as 1;
- counts at least one n-gram in a text that has none, so that short code against itself stays below 1;
- orders the sources of a variable by string hash, so that the score changes from process to process;
- walks nested loops 2^depth times, and ends the process on a tree of some ten thousand levels.
Here an empty answer matches nothing, what the references leave undefined (no data flow, no 4-gram) is left
out instead of counted as a match, and a tree too deep to be Python counts as none. On code of five tokens and
more, where some data flow matches, the score is the package's.

Letters here: n items, F statistics of one item.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ddpt_core.metrics.code_tokens import code_tokens

ORDERS = 4  # n-grams of 1 to 4 tokens
OTHER_WEIGHT = 0.2  # of a unigram that is no keyword, against 1 of a keyword; the paper's 1 : 5
SMOOTHING = 0.1  # matches of an order that has none; method 1 of Chen and Cherry 2014, as in the package
MAX_TREE_DEPTH = 400  # Python itself stops at 200 brackets and 100 indents
MAX_LOOP_DEPTH = 8  # the data flow of a nest of loops is walked 2^depth times

COMPONENTS = ("ngram", "weighted_ngram", "syntax", "dataflow")

# The columns of the statistics.
_ANSWER_LENGTH, _REFERENCE_LENGTH = 0, 1
_MATCHES, _ANSWER_GRAMS, _REFERENCE_GRAMS = slice(2, 6), slice(6, 10), slice(10, 14)
_WEIGHTED_MATCH, _WEIGHT = 14, 15
_SYNTAX_MATCH, _SYNTAX, _FLOW_MATCH, _FLOW = 16, 17, 18, 19
COLUMNS = 20


def code_bleu_statistics(predictions: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Returns (n, F) counts whose sums over items give CodeBLEU; every reference must hold a token."""
    parser = _parser()
    rows = np.zeros((len(predictions), COLUMNS))
    for row, prediction, reference in zip(rows, predictions, references, strict=True):
        answer, wanted = code_tokens(prediction), code_tokens(reference)
        row[_ANSWER_LENGTH], row[_REFERENCE_LENGTH] = len(answer), len(wanted)
        row[_ANSWER_GRAMS] = [max(0, len(answer) - order) for order in range(ORDERS)]
        row[_REFERENCE_GRAMS] = [max(0, len(wanted) - order) for order in range(ORDERS)]
        common = [_ngrams(answer, order) & _ngrams(wanted, order) for order in range(1, ORDERS + 1)]
        row[_MATCHES] = [sum(grams.values()) for grams in common]
        row[_WEIGHTED_MATCH] = _weight(common[0])
        row[_WEIGHT] = _weight(_ngrams(wanted, 1))
        wanted_trees, wanted_flow = _structure(reference, parser)
        row[_SYNTAX], row[_FLOW] = wanted_trees.total(), wanted_flow.total()
        if answer:
            trees, flow = _structure(prediction, parser)
            row[_SYNTAX_MATCH] = sum(count for tree, count in wanted_trees.items() if tree in trees)
            row[_FLOW_MATCH] = (flow & wanted_flow).total()
    return rows


def code_bleu_components(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the four matches in 0..1, each (...), of summed statistics (..., F); nan where undefined."""
    matches, known = sums[..., _MATCHES], sums[..., _REFERENCE_GRAMS]
    answer_length, reference_length = sums[..., _ANSWER_LENGTH], sums[..., _REFERENCE_LENGTH]
    weighted = np.concatenate([sums[..., [_WEIGHTED_MATCH]], matches[..., 1:]], axis=-1)
    weighted_known = np.concatenate([sums[..., [_WEIGHT]], known[..., 1:]], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        brevity = np.where(answer_length > 0, np.exp(np.minimum(0, 1 - reference_length / answer_length)), 0)
        precision = _geometric_mean(matches, np.maximum(sums[..., _ANSWER_GRAMS], 1), known > 0)
        return {
            "ngram": brevity * precision,
            "weighted_ngram": _geometric_mean(weighted, weighted_known, known > 0),  # recall: needs no brevity
            "syntax": sums[..., _SYNTAX_MATCH] / sums[..., _SYNTAX],
            "dataflow": sums[..., _FLOW_MATCH] / sums[..., _FLOW],
        }


def reduce_code_bleu(sums: np.ndarray) -> np.ndarray:
    """Returns CodeBLEU in 0..100, (...), of sums (..., F): the mean of the components that are defined."""
    parts = np.stack([code_bleu_components(sums)[name] for name in COMPONENTS], axis=-1)  # (..., 4)
    defined = np.isfinite(parts)
    with np.errstate(invalid="ignore"):
        return 100 * np.where(defined, parts, 0).sum(axis=-1) / defined.sum(axis=-1)


def _geometric_mean(matches: np.ndarray, totals: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Returns the mean over the orders present, (..., 4) -> (...): 0 with no match, nan with no order."""
    logs = np.log(np.where(matches > 0, matches, SMOOTHING) / totals)
    mean = np.exp(np.where(present, logs, 0).sum(axis=-1) / present.sum(axis=-1))
    return np.where(matches[..., 0] > 0, mean, np.where(present.any(axis=-1), 0.0, np.nan))


def _ngrams(tokens: Sequence[str], order: int) -> Counter:
    return Counter(zip(*(tokens[start:] for start in range(order)), strict=False))


def _weight(unigrams: Counter) -> float:
    keywords = _keywords()
    return sum(count * (1.0 if token in keywords else OTHER_WEIGHT) for (token,), count in unigrams.items())


@cache
def _keywords() -> frozenset[str]:
    return frozenset((files("codebleu") / "keywords" / "python.txt").read_text(encoding="utf-8").split())


def _parser() -> Any:
    from codebleu.utils import get_tree_sitter_language
    from tree_sitter import Parser

    parser = Parser()
    parser.language = get_tree_sitter_language("python")
    return parser


def _structure(code: str, parser: Any) -> tuple[Counter[str], Counter[tuple]]:
    """Returns subtrees and data-flow edges of `code` without its comments; broken code may have some."""
    from codebleu.dataflow_match import get_data_flow, normalize_dataflow
    from codebleu.parser import DFG_python, remove_comments_and_docstrings

    code = code.encode("utf-8", "replace").decode().strip()
    with suppress(Exception):  # whatever Python's tokenizer raises on broken code, which then stays as it is
        code = remove_comments_and_docstrings(code, "python")
    root = parser.parse(code.encode()).root_node
    trees, loops = _subtrees(root)
    if trees is None or loops > MAX_LOOP_DEPTH:
        return Counter(trees or ()), Counter()
    edges = normalize_dataflow(_ordered(get_data_flow(code, [parser, DFG_python])))
    return Counter(trees), Counter((name, relation, tuple(sources)) for name, relation, sources in edges)


def _subtrees(root: Any) -> tuple[list[str] | None, int]:
    """Returns each inner node as text and how deep loops nest; (None, 0) if the tree is too deep to write."""
    nodes, loops_at_most = [], 0
    stack = [(root, 1, 0)]
    while stack:
        node, depth, loops = stack.pop()
        if depth > MAX_TREE_DEPTH:
            return None, 0
        loops += node.type in ("for_statement", "while_statement")
        loops_at_most = max(loops_at_most, loops)
        nodes.append(node)
        stack += [(child, depth + 1, loops) for child in node.children if child.child_count]
    return [str(node) for node in nodes], loops_at_most


def _ordered(flow: list[tuple]) -> list[tuple]:
    """Returns the data flow with a variable's sources in the order of the code, not in that of a set."""
    names = {item[1]: item[0] for item in flow}
    ordered = []
    for name, place, relation, sources, places in flow:
        if len(set(sources)) == len(sources) > 1:
            first = {names.get(at): at for at in sorted(places, reverse=True)}
            sources = sorted(sources, key=lambda source: (first.get(source, float("inf")), source))
        ordered.append((name, place, relation, sources, places))
    return ordered
