"""What people read of a study: figures with interval and spread, ratios, and which arm is better beyond them."""

import copy

import pytest

from ddpt_core.study.report import report
from ddpt_core.study.tables import comparison_table, figure, main_tables, table, verdicts


def pair(difference, low, high, ratio=1.87):
    """A comparison as results.json holds it."""
    return {
        "ratio": ratio,
        "ratio_ci95": [1.2, 2.5],
        "difference": difference,
        "difference_ci95": [low, high],
        "p_value": 0.0123,
    }


@pytest.fixture
def results(studied):
    """The results of the tiny study, with comparisons as they might be."""
    changed = copy.deepcopy(studied[1])
    dev, tested = changed["data"]
    dev["paired"]["ddpt/manual"]["bleu"] = pair(2.5, 0.5, 4.5)
    dev["paired"]["ddpt/prompt-tuning"]["bleu"] = pair(-1.5, -2.5, -0.5)
    dev["paired"]["prompt-tuning/manual"]["bleu"] = pair(0.5, -0.5, 1.5)
    for one in tested["paired"].values():
        one["pass_at_1"] = pair(None, None, None, None) | {"difference_ci95": None, "ratio_ci95": None, "p_value": None}
    return changed


def test_verdict_says_what_is_better_what_is_worse_and_what_is_neither(results):
    (said,) = verdicts(results)  # nothing is said where nothing was measured
    assert said == (
        "Dev part, BLEU-4: better beyond the interval: DDPT than best manual context (+2.5 [+0.5, +4.5]); "
        "worse beyond the interval: DDPT than prompt tuning (-1.5 [-2.5, -0.5]); "
        "no difference beyond the interval: prompt tuning against best manual context (+0.5 [-0.5, +1.5])."
    )


def test_ratios_stand_with_interval_and_p_value(results):
    lines = comparison_table(results)
    assert lines[0] == "|  | Dev part, BLEU-4 | Tested, pass@1 |"
    assert "| DDPT / best manual context | 1.87 [1.20, 2.50], p = 0.012 | undefined |" in lines


@pytest.mark.parametrize(
    "metric, values, expected",
    [
        ("bleu", (5.8234, [4.219, 7.341], None, None), "5.82 [4.22, 7.34]"),
        ("bleu", (5.8234, [4.219, 7.341], 0.3111, 0.0212), "5.82 [4.22, 7.34]<br>± 0.311 / 0.0212"),
        ("valid_python", (0.775, [0.715, 0.835], 0.01, None), "77.5 % [71.5, 83.5]<br>± 1"),
        ("pass_at_1", (0.44, [0.387, 0.5], None, None), "0.440 [0.387, 0.500]"),
        ("bleu", (0.0, None, None, None), "0"),
        ("pass_at_1", (None, None, None, None), "not run"),
    ],
)
def test_figure_is_written_with_interval_and_spreads(metric, values, expected):
    found = dict(zip(("value", "ci95", "training_spread", "sampling_spread"), values, strict=True))
    assert figure({metric: found}, metric) == expected
    assert figure({}, metric) == "not run"


def test_main_tables_have_a_row_for_every_arm_and_tell_text_from_tests(studied):
    lines = main_tables(studied[1])
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    arms = ["no context", "best manual context", "prompt tuning", "DDPT"]
    assert rows == ["Dev part, 4 tasks", *arms, "pass@1", *arms]
    assert lines[0] == "| Dev part, 4 tasks | BLEU-4 | CodeBLEU | chrF | exact | parses |"
    assert lines[-1].endswith("standard deviation over training seeds / sampling seeds.")


def test_bars_in_a_text_do_not_break_a_table():
    assert table(["a"], [["x | y\nz"]]) == ["| a |", "|---|", "| x \\| y z |"]


def test_report_tells_choices_trainings_command_and_what_failed(results):
    results["failed"] = [{"arm": "ddpt", "lr": 0.1, "seed": 2, "why": "The loss is nan at step 3."}]
    text = report(results)
    assert "    python -m ddpt_core study\n" in text and "DDPT, rate 0.1, seed 2: The loss is nan at step 3." in text
    for one in results["choices"]["manual"]["contexts"]:
        assert f"| “{one['text']}” | {one['validation_loss']:.4f} | " in text
    for one in results["trainings"]["ddpt"]:
        steps = ", ".join(f"{n}: {loss:.4f}" for n, loss in one["steps_ablation"].items())
        assert f"| {one['seed_spread']:.2g} | {steps} |" in text
    assert text.count("| chosen |") == 3 and "## Tested: all figures" in text
