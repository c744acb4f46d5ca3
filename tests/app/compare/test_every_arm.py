"""Every arm: named and coloured alike everywhere, asked beside the usual three, chosen, added, taken away."""

import threading
from itertools import combinations
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from app.compare.address import asked_arms
from app.compare.boards.board import Board, Card
from app.compare.boards.columns import columns_of
from app.compare.boards.comparisons import Comparisons
from app.compare.figures.arm_cards import IN_A_GRID, board_html, verdict
from app.evaluate.evaluations import Evaluations
from app.page.fields.arm_fields import arm_notes_html
from app.page.fields.setting_fields import offered, setting_fields
from app.page.pieces.interval_plot import interval_plot
from app.page.pieces.result_table import result_html
from app.page.uploads import TaskFile
from ddpt_core.answering import arms
from ddpt_core.answering.arms import ArmResult
from ddpt_core.arms import ALL_ARMS, ARMS, arm_of, arms_of, trained_arms
from ddpt_core.backbone import registry
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError
from ddpt_core.metrics.measures import Measure, Score, differences, measures_of
from ddpt_core.prompts.checkpoint import load_prompt

# What is seen with no cone of one kind: linear RGB to linear RGB (Machado et al. 2009, severity 1).
VISION = {
    "every cone": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def silent(share, text):
    """Hears of progress and does nothing with it."""


def asked(**query):
    return SimpleNamespace(query_params=query, session_hash="a-session")


def linear(colour):
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB under D65."""
    t = TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_no_two_arms_look_alike_to_anybody(vision):
    seen = {
        arm: lab(np.array(VISION[vision]) @ linear(colour))
        for arm, colour in ((arm.name, arm.colour) for arm in ALL_ARMS.values())
    }
    nearest = min(np.linalg.norm(seen[one] - seen[other]) for one, other in combinations(seen, 2))
    assert nearest > 15  # a just noticeable difference is about 2.3


@pytest.mark.parametrize("arm", ALL_ARMS)
def test_every_colour_stands_out_from_both_backgrounds(arm):
    def contrast(one, other):
        low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(ALL_ARMS[arm].colour, paper) for paper in ("#FFFFFF", "#151A21")) > 2.2


def test_every_arm_is_explained_once():
    shown = arm_notes_html()
    assert all(shown.count(f"</i>{label}</dt>") == 1 for label in (arm.label for arm in ALL_ARMS.values()))
    assert len({arm.note for arm in ALL_ARMS.values()}) == len(ALL_ARMS)


def test_arms_come_in_the_order_of_the_table_and_another_is_refused():
    assert arms_of(["ddpt", "none", "ddpt"]) == ("none", "ddpt")
    with pytest.raises(ConfigError, match="Unknown arm 'gpt'"):
        arms_of(["gpt"])
    with pytest.raises(ConfigError, match="No arm is chosen"):
        arms_of([])


def test_the_arm_of_a_prompt_is_the_cores(every_arm, tiny):
    for arm in trained_arms():
        prompt = load_prompt(registry.ASSETS / "prompts" / arm, tiny)
        assert arm_of(prompt.info) == prompt.arm == arm
    assert arm_of({}) is None and arm_of({"method": "ddpt", "config": None}) == "ddpt"


def test_all_arms_answer_as_the_core_lets_them(every_arm, tiny):
    comparisons = Comparisons(every_arm)
    chosen = comparisons.prompts.named({})
    question = comparisons.question("sort list `a`", "sorted(a)", prompts=chosen, seeds=5, max_new_tokens=6)
    shown = comparisons.ask_all(question, silent, ALL_ARMS)["arms"]
    loaded = {arm: load_prompt(registry.ASSETS / "prompts" / arm, tiny) for arm in trained_arms()}
    expected = arms.compare(
        "sort list `a`",
        "sorted(a)",
        backbone=tiny,
        prompts=loaded,
        seed=5,
        names=arms.ALL_ARMS,
        settings=question.settings,
    )
    assert [(one["name"], one["code"], one["missing"]) for one in shown] == [(r.name, r.code, "") for r in expected]
    assert shown[0]["code"] is not None  # the arm without a context is run, not missing


def test_an_arm_without_a_prompt_says_so_and_the_others_run(answering):
    comparisons = Comparisons(answering)
    question = comparisons.question("sort", prompts=comparisons.prompts.named({}), max_new_tokens=4)
    said = {arm["name"]: arm for arm in comparisons.ask_all(question, silent, ALL_ARMS)["arms"]}
    assert {name for name, arm in said.items() if arm["missing"]} == {
        "residual",
        "ddpt-full",
        "distribution",
        "instructed",
    }
    assert "No prompt of this arm is chosen" in said["residual"]["missing"]


def test_a_prompt_of_another_arm_is_told_apart(every_arm):
    comparisons = Comparisons(every_arm)
    question = comparisons.question("sort", prompts={"ddpt": "ddpt-full"}, max_new_tokens=4)
    (arm,) = comparisons.ask_all(question, silent, ["ddpt"])["arms"]
    assert arm["missing"] == "The prompt 'ddpt-full' is one of the arm ddpt-full; choose one of ddpt."


def test_evaluations_take_all_arms(every_arm):
    evaluations = Evaluations(every_arm)
    tasks = {name: Task(name, f"sort list `{name}`", "sorted(a)", ("assert _",), "a = [1]") for name in "ab"}
    chosen = evaluations.prompts.named({})
    told = []
    wanted = evaluations.wanted(TaskFile("two.jsonl", tasks), [*ALL_ARMS][::-1], prompts=chosen, max_new_tokens=4)
    made = evaluations.run(wanted, lambda share, text: told.append(text))
    assert list(made.report["arms"]) == [*ALL_ARMS] and made.report["not_run"] == {}
    assert {text.split(":")[0] for text in told} >= {
        "No context",
        "Residual, tests",
        "DDPT, full objective",
        "DDPT, distribution",
    }
    measures = measures_of(made.report)
    assert [trace.name for trace in interval_plot(measures).data] == [arm.label for arm in ALL_ARMS.values()]
    shown = result_html(made.report, measures)
    assert all(
        shown.count(f'data-arm="{label}"') == len(measures) + 1 for label in (arm.label for arm in ALL_ARMS.values())
    )


@pytest.mark.parametrize(("text", "found"), [("ddpt,none", ["none", "ddpt"]), ("gpt", list(ARMS)), ("", list(ARMS))])
def test_an_address_names_arms_with_commas(text, found):
    assert asked_arms(text) == found


def test_the_first_look_shows_the_arms_that_the_address_names(laid_out, every_arm):
    tab, _ = laid_out(every_arm)
    prompts = list(tab.comparisons.prompts.named({}).values())
    empty = [None, "", "", "", "", list(ARMS), "", *prompts, "0", 1, 4, 1.0, 0, "", 1.0, ""]
    outputs = list(tab.first(asked(arms="none,residual"), None, "", *empty))
    assert outputs[0][tab.page.arms] == ["none", "residual"]
    assert [card.key for card in outputs[-1][tab.page.answered].cards] == ["none", "residual"]


def test_an_arm_that_is_added_is_asked_alone_and_one_taken_away_is_gone(laid_out, every_arm, monkeypatch):
    (tab, _), told = laid_out(every_arm), []
    question = tab.comparisons.question("sort", prompts=tab.comparisons.prompts.named({}), max_new_tokens=4)
    columns = question.columns(["manual", "ddpt"])
    *_, (board, _) = tab.boards(Board(question, ()).with_columns(columns), threading.Event())
    monkeypatch.setattr(tab.comparisons, "ask", spy(tab.comparisons.ask, told))
    *_, last = tab.columned(asked(), board, ["ddpt", "none", "manual"], "0", "")
    more = last[tab.page.answered]
    assert told == ["none"] and [card.key for card in more.cards] == ["none", "manual", "ddpt"]
    assert more.cards[1:] == board.cards and last[tab.page.shown].count("arm answered") == 3
    assert last[tab.page.go].interactive and not last[tab.page.cancel].interactive
    (output,) = tab.columned(asked(), more, ["manual"], "0", "")
    assert output[tab.page.answered].cards == board.cards[:1] and told == ["none"]


def spy(ask, told):
    def noting(question, column, tell):
        told.append(column.key)
        return ask(question, column, tell)

    return noting


def test_without_any_arm_the_board_says_so_and_keeps_its_answers(laid_out, every_arm):
    tab, _ = laid_out(every_arm)
    question = tab.comparisons.question("sort")
    board = Board(question, (Card(question.columns(["ddpt"])[0], arms.ArmResult("ddpt", "a", metrics={"bleu": 1.0})),))
    (output,) = tab.columned(asked(), board, [], "0", "")
    assert "No arm is chosen; choose at least one." in output[tab.page.shown]
    assert output[tab.page.answered].cards == board.cards
    assert list(tab.columned(asked(), None, ["ddpt"], "0", "")) == [gr.skip()]


def test_a_menu_of_prompts_is_in_sight_where_there_is_a_choice(every_arm, tmp_path, copy):
    prompts = Comparisons(every_arm).prompts
    copy(registry.ASSETS / "prompts" / "residual").rename(registry.ASSETS / "prompts" / "second")
    with gr.Blocks():
        fields = setting_fields(prompts)
    seen = {field.label: field.visible for field in fields if isinstance(field, gr.Dropdown)}
    assert [label for label, visible in seen.items() if visible] == ["Prompt of Residual"] and len(seen) == len(
        trained_arms()
    )
    names, menus = offered(prompts, ["gone", "second", "ddpt", None, None, None])
    assert names == ["prompt-tuning", "second", "ddpt", "ddpt-full", "distribution", "instructed"]
    assert [menu.visible for menu in menus] == [False, True, False, False, False, False]


def cards(codes):
    return [Card(one, ArmResult(one.key, code)) for one, code in zip(columns_of(ALL_ARMS), codes, strict=True)]


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ("aaaaaaaa", "All eight arms wrote the same code."),
        ("abcdefgh", "No two arms wrote the same code."),
        ("abacbdef", "No context and Prompt tuning wrote the same code; Manual and DDPT share another."),
        ("abcdeefg", "DDPT and DDPT (full objective) wrote the same code."),
    ],
)
def test_identical_answers_of_all_are_told_in_a_sentence(codes, said):
    assert verdict(cards(codes)) == said


def test_the_cards_stand_in_a_grid_made_for_their_number():
    for count in range(1, IN_A_GRID + 1):
        assert f'class="arms of-{count}"' in board_html(Board(None, tuple(map(Card, columns_of([*ALL_ARMS][:count])))))
    assert 'class="arms in-a-row"' in board_html(
        Board(None, tuple(map(Card, columns_of([*ALL_ARMS][: IN_A_GRID + 1]))))
    )
    assert 'class="arms of-3"' in board_html(Board())


def test_arms_that_lose_in_the_same_measures_share_a_sentence():
    def measure(label):
        low, high = Score(10, (5, 15)), Score(50, (40, 60))
        return Measure(label, label, 9, False, {arm: high if arm == "ddpt" else low for arm in ALL_ARMS})

    first, last = differences([measure("BLEU-4"), measure("chrF")])
    others = "No context, Manual, Prompt tuning, Residual, DDPT (full objective), DDPT (distribution) and "
    others += "DDPT (by instruction)"
    assert first == f"DDPT is above {others} in BLEU-4 and chrF."
    assert last.startswith("For all other pairs")
