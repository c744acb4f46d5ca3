"""What people read of a study: figures with interval and spread, ratios, and which arms differ by corrected p."""

import copy

import pytest

from ddpt_core.study.document import Table, markdown
from ddpt_core.study.names import called, duration
from ddpt_core.study.report import report
from ddpt_core.study.tables import comparison_table, figure, main_tables, verdicts


def pair(difference, low, high, ratio=1.87, p_holm=0.04):
    """A comparison as results.json holds it."""
    return {
        "ratio": ratio,
        "ratio_ci95": [1.2, 2.5],
        "difference": difference,
        "difference_ci95": [low, high],
        "p_value": 0.0123,
        "p_holm": p_holm,
    }


@pytest.fixture
def results(studied):
    """The results of the tiny study, with comparisons as they might be."""
    changed = copy.deepcopy(studied[1])
    dev, tested = changed["parts"][0]["data"]
    dev["paired"] = {
        "ddpt/manual": {"bleu": pair(2.5, 0.5, 4.5, p_holm=0.03)},
        "ddpt/prompt-tuning": {"bleu": pair(-1.5, -2.5, -0.5, p_holm=0.004)},
        "prompt-tuning/manual": {"bleu": pair(0.9, 0.1, 1.5, p_holm=0.2)},  # not 0 in its interval, and yet by chance
    }
    nothing = {"difference_ci95": None, "ratio_ci95": None, "p_value": None}
    tested["paired"] = {name: {"pass_at_1": pair(None, None, None, None, None) | nothing} for name in tested["paired"]}
    return changed


@pytest.fixture
def changed_part(results):
    """The part of these results."""
    return results["parts"][0]


def test_verdict_says_what_differs_by_corrected_p_values_and_what_does_not(results):
    (said,) = verdicts(results)  # nothing is said where nothing was measured
    assert said == (
        "Dev part, BLEU-4: DDPT is worse than prompt tuning (-1.5 [-2.5, -0.5], p = 0.004); "
        "DDPT is better than best manual context (+2.5 [+0.5, +4.5], p = 0.03); "
        "no difference can be told in the other 1 pair (p-values corrected by Holm's method for 3 comparisons)."
    )


def test_verdict_names_the_part_where_there_are_several_and_does_not_list_without_end(results, changed_part):
    changed_part["data"][0]["paired"] = {f"a{n}/b": {"bleu": pair(1, 0.5, 2)} for n in range(12)}
    results["parts"].append(changed_part | {"name": "Second"})
    said = verdicts(results)
    assert [one.split(": ")[0] for one in said] == ["study", "Second"]
    assert said[0].count("is better than b") == 8 and "; 4 more pairs differ (" in said[0]


def test_ratios_stand_with_interval_and_both_p_values(changed_part):
    lines = markdown(comparison_table(changed_part)).splitlines()
    assert lines[0] == "|  | Dev part, BLEU-4 | Tested, pass@1 |"
    assert "| DDPT / best manual context | 1.87 [1.20, 2.50], p = 0.012 → 0.03 | undefined |" in lines
    assert "corrected by Holm's method for the 3 comparisons of this table" in lines[-1]
    assert comparison_table(changed_part | {"data": []}) == []


@pytest.mark.parametrize(
    "metric, values, expected",
    [
        ("bleu", (5.8234, [4.219, 7.341], None, None), "5.82 [4.22, 7.34]"),
        ("bleu", (5.8234, [4.219, 7.341], 0.3111, 0.0212), "5.82 [4.22, 7.34]\n± 0.311 / 0.0212"),
        ("valid_python", (0.775, [0.715, 0.835], 0.01, None), "77.5 % [71.5, 83.5]\n± 1"),
        ("pass_at_1", (0.44, [0.387, 0.5], None, None), "0.440 [0.387, 0.500]"),
        ("bleu", (0.0, None, None, None), "0"),
        ("pass_at_1", (None, None, None, None), "not run"),
    ],
)
def test_figure_is_written_with_interval_and_spreads(metric, values, expected):
    found = dict(zip(("value", "ci95", "training_spread", "sampling_spread"), values, strict=True))
    assert figure({metric: found}, metric) == expected
    assert figure({}, metric) == "not run"


def test_main_tables_have_a_row_for_every_arm_and_tell_text_from_tests(part):
    lines = markdown(main_tables(part)).splitlines()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    arms = ["no context", "best manual context", "prompt tuning", "DDPT"]
    assert rows == ["Dev part, 4 tasks", *arms, "pass@1", *arms]
    assert lines[0] == "| Dev part, 4 tasks | BLEU-4 | CodeBLEU | chrF | exact | parses |"
    assert lines[-1].endswith("standard deviation over training seeds / sampling seeds.")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("ddpt, ddim 10", "DDPT, DDIM 10"),
        ("ddpt, dpmsolver++", "DDPT, DPM-Solver++"),
        ("hidden 32, ddpm 1,000", "hidden 32, DDPM 1,000"),
        ("ddpt-full", "DDPT, full objective"),
        ("DDPT, λ 1", "DDPT, λ 1"),
    ],
)
def test_entries_are_called_as_people_call_them(name, expected):
    assert called(name) == expected


def test_bars_and_breaks_in_a_text_do_not_break_a_table():
    assert markdown([Table(["a"], [["x | y\nz"]])]) == "| a |\n|---|\n| x \\| y<br>z |\n"


def test_report_tells_choices_trainings_command_and_what_failed(results, changed_part):
    changed_part["failed"] = [{"what": "ddpt, rate 0.1, seed 2", "why": "The loss is nan at step 3."}]
    text = markdown(report(results))
    assert "    python -m ddpt_core study\n" in text and "- ddpt, rate 0.1, seed 2: The loss is nan at step 3." in text
    for one in changed_part["choices"]["manual"]["contexts"]:
        assert f"| “{one['text']}” | {one['validation_loss']:.4f} | " in text
    for one in changed_part["trainings"]["ddpt"]:
        steps = ", ".join(f"{n}: {loss:.4f}" for n, loss in one["steps_ablation"].items())
        assert f"| {one['seed_spread']:.2g} | {steps} |" in text
    assert text.count("| chosen |") == 3 and "### Tested: all figures" in text


def test_report_gives_every_part_its_command_and_tells_of_one_that_could_not_run(results, changed_part):
    nothing = {"choices": {}, "trainings": {}, "data": [], "validation": None, "failed": [{"what": "it", "why": "No."}]}
    results["parts"].append(changed_part | nothing | {"name": "Gone", "backbone": {"name": "x/y", "sha256": None}})
    text = markdown(report(results))
    assert text.count("    python -m ddpt_core study\n") == 3  # of the whole, and of each part
    assert "Backbone `x/y`, trained on train.jsonl." in text and "- it: No." in text


def test_times_are_as_exact_as_one_cares_for():
    said = {0.2: "1 s", 42.4: "42 s", 89: "89 s", 91: "2 min", 3_600: "60 min", 9_000: "2.5 h"}
    assert [duration(seconds) for seconds in said] == list(said.values())
