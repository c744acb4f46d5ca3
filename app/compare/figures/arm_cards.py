"""The answers of the columns side by side, as HTML: code, figures against the reference, what became of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.compare.boards.against import NOTHING, Base, base_of
from app.compare.boards.board import Board, Card
from app.compare.boards.columns import named_in_a_sentence
from app.compare.figures import word_diff
from app.compare.figures.word_diff import diff_html, difference_said
from app.page.pieces import metric_name
from app.page.pieces.as_written import as_written_html
from app.page.pieces.code import CARDS, code_html, escaped, instruction_html
from app.page.pieces.metric_name import figures_of_an_answer, metric_name_html
from app.page.pieces.test_rows import outcome_chip, run_html
from ddpt_core.metrics.table import METRICS

if TYPE_CHECKING:
    from app.compare.boards.columns import Column
    from app.compare.boards.comparisons import Question
    from ddpt_core.answering.arms import ArmResult

NO_TESTS = '<div class="tests"><p class="detail">No tests were given.</p></div>'
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
IN_A_GRID = 6  # columns that stand in rows of three; more stand in one row that scrolls
TOGETHER = '<span title="It was written in one batch with the other answers of a list.">–</span>'
SHORT_ANSWER = "BLEU-4 of a single answer is 0 where no four tokens in a row match: always for an answer under four."


def style() -> str:
    """Returns the CSS of a board: that of its cards, of differences between them, and of what their figures mean."""
    return "".join(path.read_text(encoding="utf-8") for path in (CARDS, word_diff.CSS, metric_name.CSS))


def board_html(board: Board, against: str = NOTHING) -> str:
    """Returns the whole board, differences marked `against` what it names; all text from outside is escaped."""
    base = base_of(board, against)
    cards = "".join(_card(card, board.cards, base) for card in board.cards)
    failure = f'<p class="failure" role="alert">{escaped(board.failure)}</p>' if board.failure else ""
    count = len(board.cards)
    layout = f'class="arms of-{count}"'
    if count > IN_A_GRID:
        name = f"{COUNTS[count].capitalize()} columns, scroll sideways"
        layout = f'class="arms in-a-row" style="--columns: {count}" tabindex="0" role="region" aria-label="{name}"'
    return (
        f'<section class="board" aria-label="Answers">{_asked(board)}{failure}'
        f"<div {layout}>{cards}</div>{_notes(board)}</section>"
    )


def verdict(cards: Sequence[Card]) -> str:
    """Returns in a sentence or two which columns wrote the same, which pass the tests; "" until all have answered."""
    answered = [(card.column, card.result) for card in cards if card.result and card.result.code is not None]
    if not all(card.result for card in cards) or len(answered) < 2:
        return ""
    groups: dict[str, list[Column]] = {}
    for column, result in answered:
        groups.setdefault(result.code or "", []).append(column)
    same = [named_in_a_sentence(columns) for columns in groups.values() if len(columns) > 1]
    what = "arms" if len({card.column.arm for card in cards}) == len(cards) else "columns"
    if len(groups) == 1:
        said = f"{'Both' if len(answered) == 2 else f'All {COUNTS[len(answered)]}'} {what} wrote the same code."
    elif same:
        said = f"{_begun(same[0])} wrote the same code{''.join(f'; {names} share another' for names in same[1:])}."
    else:
        said = f"No two {what} wrote the same code."
    return f"{said} {who_passes(cards)}".rstrip()


def who_passes(cards: Sequence[Card]) -> str:
    """Returns in a sentence which columns pass the tests, "" where none ran."""
    runs = [(card.column, card.result.execution) for card in cards if card.result and card.result.execution]
    judged = [(column, run) for column, run in runs if run.status != "refused"]
    if not judged:
        return ""
    right = [column for column, run in judged if run.passed]
    verb = "pass" if len(right) > 1 else "passes"
    who = "All" if len(right) == len(judged) > 1 else _begun(named_in_a_sentence(right)) if right else "None"
    return f"{who} {verb} the tests."


def _begun(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _asked(board: Board) -> str:
    if board.question is None:
        return ""
    task = board.question.task
    blocks = [("Given", task.setup), ("Reference", task.reference)]
    shown = "".join(
        f"<div><h4>{name}</h4><pre><code>{code_html(text)}</code></pre></div>" for name, text in blocks if text.strip()
    )
    note = f'<p class="note">{escaped(board.question.note)}</p>' if board.question.note else ""
    return (
        f'<header class="asked"><p class="verdict" aria-live="polite">{escaped(verdict(board.cards))}</p>'
        f'{instruction_html(task.instruction)}<p class="how">{escaped(how_written(board.question))}</p>'
        f"{note}</header>" + (f'<div class="given">{shown}</div>' if shown else "")
    )


def how_written(question: Question) -> str:
    """Returns seeds and settings of generation in a line."""
    how, seeds = question.settings, question.seeds
    said = [f"seed{'s' * (len(seeds) > 1)} {', '.join(f'{seed:,}' for seed in seeds)}"]
    said.append("greedy" if how.num_beams == 1 else f"{how.num_beams} beams")
    said.append(f"at most {how.max_new_tokens:,} tokens")
    if how.repetition_penalty != 1:
        said.append(f"repetition penalty {how.repetition_penalty:g}")
    if how.no_repeat_ngram_size:
        said.append(f"no {how.no_repeat_ngram_size}-gram twice")
    return " · ".join(said)


def _card(card: Card, cards: Sequence[Card], base: Base | None) -> str:
    result, column = card.result, card.column
    if result is None or result.code is None:
        body = _waiting(card)
        kind = "missing" if result else "waiting"
    else:
        code = "" if result.code else '<span class="unseen">(an empty answer)</span>'
        other = base and not base.is_of(card)
        code += diff_html(base.code, result.code) if other else code_html(result.code)
        body = (
            f'<pre class="code" tabindex="0"><code>{code}</code></pre>'
            f"<div>{_same(card, cards, base)}{as_written_html(result.code, result.answer)}</div>"
            f"{_figures(card)}{run_html(result.execution) if result.execution else NO_TESTS}"
        )
        kind = "answered"
    kind += " typed" * column.typed
    return (
        f'<article class="arm {kind}" data-column="{column.key}" style="--arm: var({column.colour})"><header>'
        f'<h3 title="{escaped(column.note)}">{escaped(column.label)}</h3>'
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


def _same(card: Card, cards: Sequence[Card], base: Base | None) -> str:
    """Returns the lines that say which other columns wrote exactly this, and how it differs from the base."""
    code = card.result and card.result.code
    others = [c.column for c in cards if c.result and c.key != card.key and c.result.code == code]
    said = f"identical to {escaped(named_in_a_sentence(others))}" if others else ""
    if base and base.is_of(card):
        said += '<span class="against">the others are set against this</span>'
    elif base:
        told = difference_said(base.code, code or "")
        said += f'<span class="against">against {escaped(base.phrase)}: {told}</span>'
    return f'<p class="same">{said}</p>'


def _figures(card: Card) -> str:
    result, rows = card.result, []
    names = {name: metric_name_html(name, label, card.key) for name, label in figures_of_an_answer()}
    for name, metric in METRICS.items():
        value = result.metrics.get(name)
        if value is None:
            rows.append(_row(names[name], '<span title="It needs a reference.">–</span>'))
        elif metric.scale == 1:
            rows.append(_row(names[name], "yes" if value else "no"))
        else:
            rows.append(_row(names[name], f"{value:.3g}", value / metric.scale))
    seconds = TOGETHER if result.seconds is None else f"{result.seconds:.3g} s"
    tokens = "–" if result.tokens is None else f"{result.tokens:,}"
    rows += [_row(names["seconds"], seconds), _row(names["tokens"], tokens)]
    return f'<table class="figures"><tbody>{"".join(rows)}</tbody></table>'


def _row(name: str, value: str, share: float | None = None) -> str:
    bar = "" if share is None else f'<i style="--share: {share:.4f}"></i>'
    return f'<tr><th scope="row">{name}</th><td class="bar">{bar}</td><td>{value}</td></tr>'


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
