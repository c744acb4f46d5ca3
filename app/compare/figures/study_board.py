"""A study as HTML: what it says, the table of all arms, the arms in pairs, what was chosen, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.compare.figures.study_words import sentences
from app.page.pieces import result_table
from app.page.pieces.code import escaped
from app.page.pieces.result_table import interval, number, table_html
from ddpt_core.arms import ALL_ARMS
from ddpt_core.metrics.measures import Measure
from ddpt_core.study.results import MAKES_IT, RATIOS, Pair, Study, StudyData, results_file

HOW = (
    "In grey the 95 % interval over the tasks, then ± the standard deviation over training seeds / over the noise that "
    "DDPT starts from."
)
PAIRS_NOTE = (
    "The first arm’s value divided by the second’s, on the same tasks; of the loss the difference. "
    "▲ better, ▼ worse: beyond the 95 % interval, also when p is corrected for every comparison of the study (Holm’s "
    "method); without a mark it cannot be told."
)


def style() -> str:
    """Returns the CSS: that of the result table, and the panel's own."""
    return result_table.CSS.read_text(encoding="utf-8") + Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def reading_html() -> str:
    """Returns what stands there until it is known whether there is a study."""
    return (
        '<section class="result study"><div class="empty" role="status"><p>Reading the comparison…</p></div></section>'
    )


def missing_html(failure: str = "") -> str:
    """Returns what stands there without a study: why, and the command that makes one."""
    where = "/".join(results_file().parts[-3:])
    why = escaped(failure) if failure else f"The arms have not been compared here yet: there is no {escaped(where)}."
    return (
        f'<section class="result study"><div class="empty"><p>{why}</p>'
        f"<p>This makes it:</p><pre>{escaped(MAKES_IT)}</pre></div>"
        f"</section>"
    )


def chosen_measures(data: StudyData, name: str) -> list[Measure]:
    """Returns the measure of that name alone, all of them if there is none."""
    one = data.measure(name)
    return [one] if one else list(data.measures)


def study_html(data: StudyData, name: str = "") -> str:
    """Returns what the study says of one data set, and its table, of all measures or the one of that name."""
    said = "".join(f"<li>{escaped(sentence)}</li>" for sentence in sentences(data, name))
    notes = [HOW]
    if data.refused:
        notes.append(f"The tests were not run: {data.refused}")
    lines = "".join(f"<p>{escaped(note)}</p>" for note in notes)
    return (
        f'<section class="result study" aria-label="Study"><ul class="said">{said}</ul>'
        f'{table_html(data.arms, chosen_measures(data, name))}<div class="notes">{lines}</div></section>'
    )


def more_html(study: Study, data: StudyData, name: str = "") -> str:
    """Returns the arms in pairs, what was chosen on validation, the trainings, and the command."""
    measures = chosen_measures(data, name)
    first = [pair for pair in data.pairs if pair in RATIOS]
    rest = [pair for pair in data.pairs if pair not in RATIOS]
    pairs = _pairs_table(data, first, measures) if first else ""
    more = _folded(f"{len(rest)} more pair{'s' * (len(rest) > 1)}", _pairs_table(data, rest, measures)) if rest else ""
    head = f'<h3>One arm against another</h3>{pairs}<div class="notes"><p>{PAIRS_NOTE}</p></div>' if data.pairs else ""
    return (
        f'<section class="result study">{head}{more}'
        f"{_folded('What was chosen on validation', _choices(study.content))}"
        f"{_folded('The trainings', _trainings(study.content))}{_made(study)}</section>"
    )


def _pairs_table(data: StudyData, pairs: Sequence[tuple[str, str]], measures: Sequence[Measure]) -> str:
    rows = []
    for treatment, baseline in pairs:
        found = data.pairs[treatment, baseline]
        cells = "".join(_pair_cell(measure, found.get(measure.name)) for measure in measures)
        rows.append(f'<tr><th scope="row">{ALL_ARMS[treatment].label} / {ALL_ARMS[baseline].label}</th>{cells}</tr>')
    heads = "".join(f'<th scope="col">{measure.label}</th>' for measure in measures)
    kind = "many pairs of-one" if len(measures) == 1 else "many pairs"
    return f'<table class="{kind}"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _pair_cell(measure: Measure, pair: Pair | None) -> str:
    value, ends, times, sign = None, None, "", ""
    if pair and pair.loss:
        value, ends = pair.difference, pair.difference_interval
        sign = "+" if value and value > 0 else ""
    elif pair:
        value, ends, times = pair.ratio, pair.ratio_interval, "×"
    named = f' data-arm="{measure.label}"'
    if pair is None or value is None:
        return f'<td{named} title="Not defined: the baseline is 0, or it was not measured.">–</td>'
    mark = {True: "▲ ", False: "▼ ", None: ""}[pair.better]
    corrected = "" if pair.p_holm is None else f", corrected {number(pair.p_holm)}"
    chance = "" if pair.p_value is None else f' title="p {number(pair.p_value)}{corrected}"'
    return f"<td{named}{chance}><b>{mark}{sign}{number(value)}{times}</b> <small>{interval(ends)}</small></td>"


def _choices(content: dict[str, Any]) -> str:
    choices = content.get("choices") or {}
    manual = choices.get("manual") or {}
    rows = [
        (ALL_ARMS["manual"].label, f"“{one.get('text', '')}”", *_figures(one), _mark(place == manual.get("chosen")))
        for place, one in enumerate(manual.get("contexts") or ())
    ]
    for arm in ALL_ARMS:
        made = choices.get(arm) or {}
        rows += [
            (ALL_ARMS[arm].label, f"learning rate {_rate(one)}", *_figures(one), _mark(p == made.get("chosen")))
            for p, one in enumerate(made.get("rates") or ())
        ]
    by = (content.get("plan") or {}).get("choose_by")
    chosen = f"<p>Chosen by {'the loss' if by == 'loss' else 'BLEU-4'} on validation.</p>" if by else ""
    if bound := (content.get("plan") or {}).get("bound"):
        chosen += f"<p>The loss is the generalised cross-entropy with q = {_plain(bound)} (arXiv 1805.07836).</p>"
    return chosen + _plain_table(("Arm", "Tried", "Loss", "BLEU-4", "Chosen"), rows)


def _trainings(content: dict[str, Any]) -> str:
    rows = []
    for arm in ALL_ARMS:
        for one in (content.get("trainings") or {}).get(arm) or ():
            steps = one.get("steps_ablation") or {}
            names = ("llm_passes", "best_step", "validation_loss")
            minutes = None if one.get("seconds") is None else one["seconds"] / 60
            ablation = " · ".join(f"{step}: {_plain(loss)}" for step, loss in steps.items())
            figures = (*(one.get(name) for name in names), minutes, one.get("seed_spread"))
            who = (ALL_ARMS[arm].label, _plain(one.get("seed")), _rate(one))
            rows.append((*who, *map(_plain, figures), ablation or "–"))
    heads = ("Arm", "Seed", "Rate", "LLM passes", "Best step", "Validation loss", "Minutes", "Seed spread")
    return _plain_table((*heads, "Loss after so many steps"), rows)


def _made(study: Study) -> str:
    about, backbone = study.content, study.content.get("backbone") or {}
    parts = [f"Made {about['created']}"] if about.get("created") else []
    parts += [f"backbone {backbone.get('name')} ({str(backbone.get('sha256', ''))[:12]})"] if backbone else []
    parts += [f"{name} {version}" for name, version in (about.get("versions") or {}).items()]
    failed = "".join(
        f"<p>{escaped(str(one.get('arm')))}, seed {escaped(str(one.get('seed')))}: {escaped(str(one.get('why')))}</p>"
        for one in about.get("failed") or ()
    )
    return (
        f'<h3>The command that makes this table</h3><pre tabindex="0">{escaped(study.command)}</pre>'
        f'<div class="notes"><p>{escaped(" · ".join(parts))}</p>{failed}</div>'
    )


def _figures(one: dict[str, Any]) -> tuple[str, str]:
    return _plain(one.get("validation_loss")), _plain(one.get("bleu"))


def _rate(one: dict[str, Any]) -> str:
    rate = one.get("lr")
    return f"{rate:g}" if isinstance(rate, int | float) else "–"


def _mark(chosen: bool) -> str:
    return "✓" if chosen else ""


def _plain(value: Any) -> str:
    """Returns a number of the file: whole ones with thousands, others with four digits, – for none."""
    if value is None:
        return "–"
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) < 0.1 else f"{value:#.4g}"


def _plain_table(heads: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>The file does not say.</p>"
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0"><table class="plain"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{title}</summary>{inside}</details>"
