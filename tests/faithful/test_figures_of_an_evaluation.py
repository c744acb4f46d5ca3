"""Figures of an evaluation, worked out again from its predictions by others' programs.

What answers the example tasks writes their references with slips, more of them under one arm than under another; what
metrics.json says of it must be what sacrebleu, rouge_score, codebleu, the challenge's own BLEU and Python itself say
of predictions.jsonl.
"""

import ast
import json
import math
import random
import re
from collections import Counter, defaultdict
from itertools import chain

import numpy as np
import pytest
from codebleu import calc_codebleu
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from ddpt_core.answering.evaluate import evaluate
from ddpt_core.backbone.frozen_lm import FrozenLM, Generation
from ddpt_core.backbone.registry import ASSETS
from ddpt_core.data.readers import load_tasks
from ddpt_core.metrics.code_tokens import code_tokens
from ddpt_core.metrics.text_metrics import code_bleu_parts, score
from ddpt_core.prompts.checkpoint import load_prompt

ARMS = ("manual", "prompt-tuning", "ddpt")
every_arm = pytest.mark.parametrize("arm", ARMS)
EXAMPLES = ASSETS / "examples" / "examples.jsonl"


def with_slips(code: str, count: int, rng: random.Random) -> str:
    """The code with `count` of its words and marks left out, doubled, exchanged or changed."""
    pieces = re.findall(r"\w+|\W", code)
    for _ in range(count):
        at = rng.randrange(len(pieces))
        slip = rng.choice(["left out", "twice", "exchanged", "another"])
        if slip == "left out" and len(pieces) > 1:
            del pieces[at]
        elif slip == "twice":
            pieces.insert(at, pieces[at])
        elif slip == "exchanged":
            pieces[at - 1], pieces[at] = pieces[at], pieces[at - 1]
        else:
            pieces[at] = "other"
    return "".join(pieces)


class Slipping(FrozenLM):
    """A backbone that knows the references, and slips up to once for each context that it was given before."""

    def generate(self, context, instructions, settings=None):
        """Returns the references of the instructions with slips."""
        if not any(context is known for known in self.contexts):
            self.contexts.append(context)
        most = next(number for number, known in enumerate(self.contexts) if known is context) + 1
        found = []
        for instruction in instructions:
            rng = random.Random(f"{instruction} {most}")
            found.append(Generation(with_slips(self.references[instruction], rng.randint(0, most), rng), 9))
        return found


@pytest.fixture(scope="module")
def evaluated(tiny, prompts, tmp_path_factory):
    """The report of metrics.json, and arm -> (predictions, references) as they stand in predictions.jsonl."""
    backbone = Slipping(tiny.name, tiny.model, tiny.tokenizer)
    backbone.references = {task.instruction: task.reference for task in load_tasks(EXAMPLES)}
    backbone.contexts = []
    out = tmp_path_factory.mktemp("evaluation")
    chosen = {method: load_prompt(folder, tiny) for method, folder in prompts.items()}
    evaluate(EXAMPLES, out, backbone=backbone, prompts=chosen, names=ARMS)
    written = defaultdict(lambda: ([], []))
    for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        written[row["arm"]][0].append(row["prediction"])
        written[row["arm"]][1].append(row["reference"])
    return json.loads((out / "metrics.json").read_text())["arms"], written


def tokens_of_the_challenge(code: str) -> list[str]:
    """Returns the tokens by the substitutions of the CoNaLa challenge's evaluation script, one after another."""
    code = re.sub(r"([^A-Za-z0-9_])", r" \1 ", code)
    code = re.sub(r"([a-z])([A-Z])", r"\1 \2", code)
    code = re.sub(r"\s+", " ", code)
    code = code.replace('"', "`").replace("'", "`")
    return [token for token in code.split(" ") if token]


def bleu_of_the_challenge(predictions: list[str], references: list[str]) -> float:
    """Returns BLEU-4 (Papineni et al. 2002) counted by hand: clipped n-grams, their geometric mean, brevity."""
    answers, wanted = ([tokens_of_the_challenge(text) for text in texts] for texts in (predictions, references))
    logarithms = 0.0  # of the four precisions, their mean
    for order in range(1, 5):
        found = total = 0
        for answer, reference in zip(answers, wanted, strict=True):
            grams, known = (
                Counter(tuple(text[i : i + order]) for i in range(len(text) - order + 1))
                for text in (answer, reference)
            )
            found += sum(min(count, known[gram]) for gram, count in grams.items())
            total += sum(grams.values())
        if not found:
            return 0.0
        logarithms += math.log(found / total) / 4
    length, of_references = (sum(map(len, texts)) for texts in (answers, wanted))
    return 100 * math.exp(logarithms) * (1.0 if length > of_references else math.exp(1 - of_references / length))


def bleu_of_sacrebleu(predictions: list[str], references: list[str]) -> float:
    """Returns sacrebleu's BLEU of the challenge's tokens."""
    answers, wanted = ([" ".join(tokens_of_the_challenge(text)) for text in part] for part in (predictions, references))
    return BLEU(tokenize="none", force=True, smooth_method="none").corpus_score(answers, [wanted]).score


def test_the_predictions_are_worth_a_comparison(evaluated):
    figures, written = evaluated
    assert set(figures) == set(written) == set(ARMS)
    for arm, (predictions, references) in written.items():
        assert len(predictions) == figures[arm]["n"] == 41 and len(set(predictions)) > 30
        assert 5 < figures[arm]["bleu"] < 95 and 0 < figures[arm]["exact_match"] < 1, arm
        assert predictions != references


@every_arm
def test_tokens_are_those_of_the_challenges_script(evaluated, arm):
    for text in chain(*evaluated[1][arm]):
        assert code_tokens(text) == tokens_of_the_challenge(text), text


@every_arm
def test_bleu_is_sacrebleus_and_the_challenges_on_the_same_tokens(evaluated, arm):
    ours = evaluated[0][arm]["bleu"]
    assert ours == pytest.approx(bleu_of_sacrebleu(*evaluated[1][arm]), abs=1e-9)
    assert ours == pytest.approx(bleu_of_the_challenge(*evaluated[1][arm]), abs=1e-9)


@every_arm
def test_chrf_is_sacrebleus(evaluated, arm):
    predictions, references = evaluated[1][arm]
    assert evaluated[0][arm]["chrf"] == pytest.approx(CHRF().corpus_score(predictions, [references]).score, abs=1e-9)


@every_arm
@pytest.mark.parametrize("spoil", ["cut", "capitals", "twice"])
def test_answers_that_are_too_short_too_long_or_in_capitals_are_scored_as_by_sacrebleu(evaluated, arm, spoil):
    predictions, references = evaluated[1][arm]
    change = {
        "cut": lambda code: code[: len(code) // 2],
        "capitals": str.upper,
        "twice": lambda code: f"{code}\n{code}",
    }
    spoilt = [change[spoil](code) for code in predictions]
    ours = score(spoilt, references)
    assert ours["bleu"] == pytest.approx(bleu_of_sacrebleu(spoilt, references), abs=1e-9)
    assert ours["bleu"] == pytest.approx(bleu_of_the_challenge(spoilt, references), abs=1e-9)
    assert ours["chrf"] == pytest.approx(CHRF().corpus_score(spoilt, [references]).score, abs=1e-9)
    assert 0 < ours["bleu"] < evaluated[0][arm]["bleu"]


class CodeTokenizer:
    tokenize = staticmethod(tokens_of_the_challenge)


@every_arm
def test_rouge_l_is_rouge_scores_with_a_tokenizer_of_code(evaluated, arm):
    scorer = RougeScorer(["rougeL"], tokenizer=CodeTokenizer())
    pairs = zip(*evaluated[1][arm], strict=True)
    theirs = [scorer.score(reference, answer)["rougeL"].fmeasure for answer, reference in pairs]
    assert evaluated[0][arm]["rouge_l"] == pytest.approx(100 * np.mean(theirs), abs=1e-9)
    lost = RougeScorer(["rougeL"]).score("os.listdir(p)", "os listdir p")["rougeL"].fmeasure
    assert lost == 1 > score(["os listdir p"], ["os.listdir(p)"])["rouge_l"] / 100  # its own drops punctuation


@every_arm
def test_codebleu_and_its_parts_are_the_packages_where_its_traps_are_not(evaluated, arm):
    # Its traps: fewer than four tokens (counts a gram that is not there), loops (depend on the process), no data flow.
    long = [
        (answer, reference)
        for answer, reference in zip(*evaluated[1][arm], strict=True)
        if min(len(code_tokens(answer)), len(code_tokens(reference))) > 4 and "for " not in answer + reference
    ]
    assert len(long) > 20
    predictions, references = map(list, zip(*long, strict=True))
    theirs = calc_codebleu(references, predictions, "python", tokenizer=tokens_of_the_challenge)
    ours = code_bleu_parts(predictions, references)
    for part in ("ngram", "weighted_ngram", "syntax", "dataflow"):
        assert ours[part] == pytest.approx(100 * theirs[f"{part}_match_score"], abs=1e-9), part
    assert score(predictions, references)["codebleu"] == pytest.approx(100 * theirs["codebleu"], abs=1e-9)
    assert 0 < theirs["dataflow_match_score"] < 1


@every_arm
def test_codebleu_falls_into_none_of_the_packages_traps(evaluated, arm):
    predictions, references = evaluated[1][arm]
    assert score([""] * len(references), references)["codebleu"] == 0
    for one in {"os.listdir(p)", "x.T", *predictions, *references}:
        assert score([one], [one])["codebleu"] == pytest.approx(100), one
        assert score([""], [one])["codebleu"] == 0, one
    assert calc_codebleu(["os.listdir(p)"], [""], "python", tokenizer=code_tokens)["codebleu"] == 0.25
    emptied = ["" if i % 2 else text for i, text in enumerate(predictions)]
    assert score(emptied, references)["codebleu"] < evaluated[0][arm]["codebleu"]


@every_arm
def test_exact_match_and_valid_python_are_counted_answer_by_answer(evaluated, arm):
    predictions, references = evaluated[1][arm]
    same = [
        tokens_of_the_challenge(a) == tokens_of_the_challenge(b) for a, b in zip(predictions, references, strict=True)
    ]

    def parses(code: str) -> bool:
        try:
            return bool(ast.parse(code).body)
        except SyntaxError:
            return False

    assert evaluated[0][arm]["exact_match"] == pytest.approx(np.mean(same))
    assert evaluated[0][arm]["valid_python"] == pytest.approx(np.mean([parses(code) for code in predictions]))


@every_arm
@pytest.mark.parametrize("name", ["bleu", "chrf"])
def test_intervals_are_about_as_wide_as_those_that_sacrebleu_resamples(evaluated, arm, name, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", "1")  # other resamples than ours, so widths agree to a tenth or so
    metric = CHRF() if name == "chrf" else BLEU(tokenize="none", force=True, smooth_method="none")
    texts = evaluated[1][arm]
    if name == "bleu":
        texts = [[" ".join(tokens_of_the_challenge(text)) for text in part] for part in texts]
    theirs = metric.corpus_score(texts[0], [texts[1]], n_bootstrap=1000)
    low, high = evaluated[0][arm]["ci95"][name]
    assert (high - low) / 2 == pytest.approx(theirs._ci, rel=0.2)
    assert low < theirs._mean < high
