"""Figures over seeds and pairs of arms, against sacrebleu and against resampling written out by hand."""

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from ddpt_core.metrics.code_tokens import code_tokens
from ddpt_core.metrics.text_metrics import score, score_with_intervals
from ddpt_core.study.answers import Run
from ddpt_core.study.scoring import RESAMPLES, correct, figures_of_data, pairs_of

REFERENCES = ["sorted(xs, key=len)", "len(a) + len(b)", "x[0] if x else y", "print(sum(v), end='')", "max(d, key=f)"]
GOOD = ["sorted(xs, key=len)", "len(a) + len(c)", "x[0] if x else None", "print(sum(v))", "max(d, key=f)"]
FAIR = ["sorted(xs, key=len)", "len(a) + len(c) + 1", "x[0]", "print(sum(v), end='')", "max(d)"]
POOR = ["sorted(xs)", "len(a) + len(b) + 0", "x[0] if x else 1", "print(v)", "d.get"]


def run(arm, answers, training=None, sampling=None, passed=(1, 0, 0, 0, 1)) -> Run:
    """A run of these answers, the fourth task of which was not judged."""
    status = ["passed" if good else "failed" for good in passed]
    status[3] = None
    return Run(
        arm,
        training,
        sampling,
        [
            {"prediction": code, "reference": reference, "loss": float(len(code)), "tokens": n + 1, "status": status[n]}
            for n, (code, reference) in enumerate(zip(answers, REFERENCES, strict=True))
        ],
    )


RUNS = [
    run("manual", POOR),
    run("ddpt", GOOD, 0, 0, (1, 1, 0, 0, 1)),
    run("ddpt", FAIR, 0, 1, (1, 1, 0, 0, 0)),
    run("ddpt", GOOD, 1, 0, (1, 1, 1, 0, 1)),
    run("ddpt", POOR, 1, 1, (1, 0, 0, 0, 0)),
]


@pytest.fixture(scope="module")
def figures():
    """The figures of two arms, one of them with two seeds of each kind."""
    return figures_of_data(RUNS, tests=True)


def bleu_of(answers, references) -> float:
    """CoNaLa's BLEU-4, by sacrebleu."""
    split = [[" ".join(code_tokens(text)) for text in texts] for texts in (answers, references)]
    return BLEU(tokenize="none", force=True, smooth_method="none").corpus_score(split[0], [split[1]]).score


def test_arm_of_one_run_has_the_figures_of_evaluate(figures):
    expected = score_with_intervals(POOR, REFERENCES)
    for metric, value in score(POOR, REFERENCES).items():
        found = figures["arms"]["manual"][metric]
        assert (found["value"], found["ci95"]) == (value, expected["ci95"][metric]), metric
        assert (found["training_spread"], found["sampling_spread"], found["seeds"]) == (None, None, 1)


def test_arm_of_several_runs_is_scored_as_one_corpus(figures):
    found = figures["arms"]["ddpt"]["bleu"]
    assert found["value"] == pytest.approx(bleu_of(GOOD + FAIR + GOOD + POOR, REFERENCES * 4))
    assert found["seeds"] == 4 and found["ci95"][0] < found["value"] < found["ci95"][1]
    assert figures["arms"]["ddpt"]["exact_match"]["value"] == pytest.approx((2 + 2 + 2 + 0) / 20)
    assert figures["arms"]["ddpt"]["pass_at_1"]["value"] == pytest.approx((3 + 2 + 4 + 1) / 16)  # one is not judged
    losses = sum(len(code) for code in GOOD + FAIR + GOOD + POOR) / (4 * (1 + 2 + 3 + 4 + 5))
    assert figures["arms"]["ddpt"]["loss"]["value"] == pytest.approx(losses)


def test_spreads_are_deviations_over_seeds_of_the_corpus_metric(figures):
    good, fair, poor = (bleu_of(answers, REFERENCES) for answers in (GOOD, FAIR, POOR))
    found = figures["arms"]["ddpt"]["bleu"]
    assert found["training_spread"] == pytest.approx(np.std([(good + fair) / 2, (good + poor) / 2], ddof=1))
    within = [np.var([good, fair], ddof=1), np.var([good, poor], ddof=1)]
    assert found["sampling_spread"] == pytest.approx(np.sqrt(np.mean(within)))


def test_paired_ratio_is_that_of_resampled_tasks_with_all_their_answers(figures):
    passed = np.array([(1, 1, 0, 0, 1), (1, 1, 0, 0, 0), (1, 1, 1, 0, 1), (1, 0, 0, 0, 0)], float).mean(0)
    judged = np.array([1, 1, 1, 0, 1], float)
    manual = np.array([1, 0, 0, 0, 1], float)
    drawn = np.random.default_rng(0).integers(0, 5, size=(RESAMPLES, 5))
    with np.errstate(invalid="ignore", divide="ignore"):
        treated = passed[drawn].sum(1) / judged[drawn].sum(1)
        differences = treated - manual[drawn].sum(1) / judged[drawn].sum(1)
    differences = differences[np.isfinite(differences)]
    found = figures["paired"]["ddpt/manual"]["pass_at_1"]
    assert found["ratio"] == pytest.approx((10 / 16) / (2 / 4))
    assert found["difference"] == pytest.approx(10 / 16 - 2 / 4)
    assert found["difference_ci95"] == pytest.approx(np.quantile(differences, [0.025, 0.975]))
    far = np.abs(differences - differences.mean()) >= abs(found["difference"])
    assert found["p_value"] == pytest.approx((far.sum() + 1) / (len(differences) + 1))
    assert found["ratio_ci95"] is None  # some resamples hold no task that the baseline passes


def test_ratio_of_losses_has_the_interval_of_resampled_quotients(figures):
    ours = np.mean([[len(code) for code in answers] for answers in (GOOD, FAIR, GOOD, POOR)], axis=0)
    theirs = np.array([len(code) for code in POOR], float)
    drawn = np.random.default_rng(0).integers(0, 5, size=(RESAMPLES, 5))
    ratios = ours[drawn].sum(1) / theirs[drawn].sum(1)  # the tokens, the same for both, cancel
    found = figures["paired"]["ddpt/manual"]["loss"]
    assert found["ratio"] == pytest.approx(ours.sum() / theirs.sum())
    assert found["ratio_ci95"] == pytest.approx(np.quantile(ratios, [0.025, 0.975]))


def test_each_runs_own_figures_are_kept(figures):
    assert [(one["arm"], one["training_seed"], one["sampling_seed"]) for one in figures["runs"]] == [
        ("manual", None, None),
        ("ddpt", 0, 0),
        ("ddpt", 0, 1),
        ("ddpt", 1, 0),
        ("ddpt", 1, 1),
    ]
    assert figures["runs"][2]["bleu"] == pytest.approx(bleu_of(FAIR, REFERENCES))


def test_arms_with_equal_answers_do_not_differ():
    pair = figures_of_data([run("manual", GOOD), run("prompt-tuning", GOOD, 0)], tests=False)["paired"]
    found = pair["prompt-tuning/manual"]["bleu"]
    assert (found["ratio"], found["ratio_ci95"], found["difference_ci95"], found["p_value"]) == (1, [1, 1], [0, 0], 1)
    assert "pass_at_1" not in pair["prompt-tuning/manual"]


def test_tests_that_did_not_run_leave_the_figure_open():
    open_run = run("manual", POOR)
    for row in open_run.rows:
        row["status"] = None
    found = figures_of_data([open_run], tests=True)["arms"]["manual"]["pass_at_1"]
    assert (found["value"], found["ci95"]) == (None, None)


def test_every_entry_is_compared_with_the_first_of_each_other_arm_and_of_its_own():
    kinds = {"manual": "manual", "soft": "prompt-tuning", "wide": "ddpt", "narrow": "ddpt", "ddpt": "ddpt"}
    assert set(pairs_of(kinds)) == {
        ("soft", "manual"),
        *((name, baseline) for name in ("wide", "narrow", "ddpt") for baseline in ("manual", "soft")),
        ("narrow", "wide"),
        ("ddpt", "wide"),
    }


def test_p_values_are_corrected_over_all_pairs_and_data_by_the_metric_that_each_is_judged_by():
    def data(tests, *p_values):
        metrics = [dict(zip(("bleu", "pass_at_1"), both, strict=False)) for both in p_values]
        paired = [{name: {"p_value": p} for name, p in one.items()} for one in metrics]
        return {"tests": tests, "paired": {f"{n}/x": one for n, one in enumerate(paired)}}

    dev, tested = data(False, (0.01,), (0.04,)), data(True, (0.02, 0.001), (0.5, None))
    correct([dev, tested])
    found = [{m: one["p_holm"] for m, one in pair.items()} for d in (dev, tested) for pair in d["paired"].values()]
    assert [one["bleu"] for one in found[:2]] == pytest.approx([0.02, 0.04])  # with 0.001 of pass@1, three
    assert [one["pass_at_1"] for one in found[2:]] == pytest.approx([0.003, None])
    assert [one["bleu"] for one in found[2:]] == pytest.approx([0.06, 0.5])  # with the four of BLEU
    correct([{"tests": False, "paired": {}}])


def test_runs_tell_how_they_were_sampled_and_where_they_lie():
    (made,) = figures_of_data([Run("a", 0, 1, run("a", GOOD).rows, "ddpt", "ddim 5", 1.23456, "cells/x")], False)[
        "runs"
    ]
    assert (made["arm"], made["sampler"], made["seconds"], made["cell"]) == ("a", "ddim 5", 1.2346, "cells/x")


def test_data_set_without_a_run_has_no_figures():
    assert figures_of_data([], True) == {"arms": {}, "paired": {}, "runs": []}
