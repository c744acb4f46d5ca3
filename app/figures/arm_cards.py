"""The answers of the arms side by side, as HTML: code, figures against the reference, and what became of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.arms import ARM_LABELS, ARM_NAMES, ARM_NOTES, listed
from app.comparisons import Question
from app.figures.code import code_html, escaped, instruction_html
from app.figures.test_rows import outcome_chip, run_html
from ddpt_core.tuning.arm_names import ARMS

if TYPE_CHECKING:
    from ddpt_core.evaluation.arms import ArmResult

CSS = Path(__file__).with_suffix(".css")
NO_TESTS = '<div class="tests"><p class="detail">No tests were given.</p></div>'
COUNTS = {3: "three", 4: "four", 5: "five", 6: "six"}
SHORT_ANSWER = "BLEU-4 of a single answer is 0 where no four tokens in a row match: always for an answer under four."


@dataclass(frozen=True)
class Card:
    """One arm's column: its result, or until then a note on what is going on; `share` of the work from 0 to 1."""

    name: str
    result: ArmResult | None = None
    about: str = ""
    note: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Board:
    """What the tab shows: the question that was put, None before the first, and a card for each arm."""

    question: Question | None = None
    cards: tuple[Card, ...] = tuple(Card(name) for name in ARMS)
    failure: str = ""

    def with_card(self, card: Card) -> Board:
        """Returns the board with one card replaced."""
        return replace(self, cards=tuple(card if card.name == old.name else old for old in self.cards))

    def for_arms(self, arms: Sequence[str]) -> Board:
        """Returns the board with these arms; what has been answered stays."""
        known = {card.name: card for card in self.cards if card.result}
        return Board(self.question, tuple(known.get(arm, Card(arm, note="Waiting…")) for arm in arms))

    def stopped(self, note: str) -> Board:
        """Returns the board with `note` on every card that has no result."""
        return replace(self, cards=tuple(c if c.result else Card(c.name, note=note) for c in self.cards))


def board_html(board: Board) -> str:
    """Returns the whole board; all text from outside is escaped."""
    cards = "".join(_card(card, board.cards) for card in board.cards)
    failure = f'<p class="failure" role="alert">{escaped(board.failure)}</p>' if board.failure else ""
    return (
        f'<section class="board" aria-label="Answers">{_asked(board)}{failure}'
        f'<div class="arms of-{len(board.cards)}">{cards}</div>{_notes(board)}</section>'
    )


def verdict(cards: Sequence[Card]) -> str:
    """Returns in a sentence or two which arms wrote the same and which pass the tests, "" until all have answered."""
    results = [card.result for card in cards if card.result]
    answered = [result for result in results if result.code is not None]
    if len(results) < len(cards) or len(answered) < 2:
        return ""
    groups: dict[str, list[str]] = {}
    for result in answered:
        groups.setdefault(result.code or "", []).append(ARM_NAMES[result.name])
    same = [listed(names) for names in groups.values() if len(names) > 1]
    if len(groups) == 1:
        said = f"{'Both' if len(answered) == 2 else f'All {COUNTS[len(answered)]}'} arms wrote the same code."
    elif same:
        said = f"{same[0]} wrote the same code{''.join(f'; {names} share another' for names in same[1:])}."
    else:
        said = "No two arms wrote the same code."
    judged = [r for r in answered if r.execution and r.execution.status != "refused"]
    if judged:
        right = [ARM_NAMES[r.name] for r in judged if r.execution and r.execution.passed]
        everyone = len(right) == len(judged)
        verb = "passes" if len(right) == 1 else "pass"
        who = "All" if everyone else listed(right) if right else "None"
        said += f" {who} {verb if right else 'passes'} the tests."
    return said


def _asked(board: Board) -> str:
    if board.question is None:
        return ""
    task, how = board.question.task, board.question.settings
    said = [f"seed {board.question.seed:,}", "greedy" if how.num_beams == 1 else f"{how.num_beams} beams"]
    said.append(f"at most {how.max_new_tokens:,} tokens")
    if how.repetition_penalty != 1:
        said.append(f"repetition penalty {how.repetition_penalty:g}")
    if how.no_repeat_ngram_size:
        said.append(f"no {how.no_repeat_ngram_size}-gram twice")
    blocks = [("Given", task.setup), ("Reference", task.reference)]
    shown = "".join(
        f"<div><h4>{name}</h4><pre><code>{code_html(text)}</code></pre></div>" for name, text in blocks if text.strip()
    )
    note = f'<p class="note">{escaped(board.question.note)}</p>' if board.question.note else ""
    return (
        f'<header class="asked"><p class="verdict" aria-live="polite">{escaped(verdict(board.cards))}</p>'
        f'{instruction_html(task.instruction)}<p class="how">{escaped(" · ".join(said))}</p>'
        f"{note}</header>" + (f'<div class="given">{shown}</div>' if shown else "")
    )


def _card(card: Card, cards: Sequence[Card]) -> str:
    result = card.result
    if result is None or result.code is None:
        body = _waiting(card)
        kind = "missing" if result else "waiting"
    else:
        code = code_html(result.code) if result.code else '<span class="unseen">(an empty answer)</span>'
        body = (
            f'<pre class="code" tabindex="0"><code>{code}</code></pre>{_same(result, cards)}'
            f"{_figures(result)}{run_html(result.execution) if result.execution else NO_TESTS}"
        )
        kind = "answered"
    return (
        f'<article class="arm {kind}" style="--arm: var(--arm-{card.name})"><header>'
        f'<h3 title="{escaped(ARM_NOTES[card.name])}">{ARM_LABELS[card.name]}</h3>'
        f'{_chip(result)}<p class="about">{escaped(card.about)}</p></header>{body}</article>'
    )


def _waiting(card: Card) -> str:
    if card.result:
        return f'<div class="blank"><p><b>Not run</b><br>{escaped(card.result.missing)}</p></div>'
    bar = "" if card.share is None else f'<progress max="1" value="{card.share:.3f}" aria-label="Progress"></progress>'
    return f'<div class="blank"><p>{escaped(card.note)}</p>{bar}</div>'


def _chip(result: ArmResult | None) -> str:
    """Returns the verdict on one answer in two or three words, with a mark that needs no colour."""
    if result is None or result.code is None:
        return ""
    if result.execution:
        return outcome_chip(result.execution.status, result.execution.tests)
    return "" if result.metrics.get("valid_python") else '<span class="chip bad">✗ does not parse</span>'


def _same(result: ArmResult, cards: Sequence[Card]) -> str:
    """Returns the line that says which other arms wrote exactly this, empty if none did."""
    others = [c.result for c in cards if c.result and c.name != result.name and c.result.code == result.code]
    names = listed([ARM_NAMES[other.name] for other in others]) if others else ""
    return f'<p class="same">{f"identical to {names}" if names else ""}</p>'


def _figures(result: ArmResult) -> str:
    from ddpt_core.evaluation.text_metrics import METRICS

    rows = []
    for name, metric in METRICS.items():
        value = result.metrics.get(name)
        if value is None:
            rows.append(_row(metric.label, '<span title="It needs a reference.">–</span>'))
        elif metric.scale == 1:
            rows.append(_row(metric.label, "yes" if value else "no"))
        else:
            rows.append(_row(metric.label, f"{value:.3g}", value / metric.scale))
    seconds = "–" if result.seconds is None else f"{result.seconds:.3g} s"
    tokens = "–" if result.tokens is None else f"{result.tokens:,}"
    rows += [_row("Written in", seconds), _row("Tokens", tokens)]
    return f'<table class="figures"><tbody>{"".join(rows)}</tbody></table>'


def _row(label: str, value: str, share: float | None = None) -> str:
    bar = "" if share is None else f'<i style="--share: {share:.4f}"></i>'
    return f'<tr><th scope="row">{label}</th><td class="bar">{bar}</td><td>{value}</td></tr>'


def _notes(board: Board) -> str:
    results = [card.result for card in board.cards if card.result and card.result.code is not None]
    notes = []
    if any(result.metrics.get("bleu") is None for result in results):
        notes.append("– stands where there is nothing to compare with: give a reference.")
    if any(result.metrics.get("bleu") == 0 for result in results):
        notes.append(SHORT_ANSWER)
    if any(result.metrics.get("bleu") is not None for result in results):
        notes.append("One answer against one reference: other code can be as right.")
    return f'<p class="notes">{" ".join(notes)}</p>' if notes else ""
