"""What the Train tab says of data before a training, and of a training while and after it runs, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.page.numbers import COLLAPSED
from app.page.pieces.code import escaped
from app.page.pieces.result_table import number
from app.page.stream import DONE
from app.train.training import Training
from ddpt_core.arms import ALL_ARMS, arm_of
from ddpt_core.data.task import Task
from ddpt_core.prompts.card import prompt_card

if TYPE_CHECKING:
    from ddpt_core.settings import TrainConfig
    from ddpt_core.training.data_check import DataCheck, Lengths

CSS = Path(__file__).with_suffix(".css")
FIRST = 3  # tasks that are shown as they were read
SHOWN = 140  # characters of each
NATS = "nats per token"


def check_html(check: DataCheck, first: Sequence[Task], name: str) -> str:
    """Returns what a training would make of the data: a sentence, a table, and the first tasks as they were read."""
    rows = [
        ("Rows", f"{check.rows:,}", f"{check.left_out:,} without a reference, left out" if check.left_out else ""),
        ("To learn from", f"{check.training:,}", f"each is seen {check.rounds:.3g} times"),
        ("To validate on", f"{check.validation:,}", "the best weights are chosen on them, none is learned from"),
        ("Repeated rows", f"{check.repeated:,}", "instruction and reference of an earlier one"),
        ("Further answers", f"{check.variants:,}", "the instruction of an earlier row with another reference"),
        ("Instructions", *_lengths(check.instructions, check.limit)),
        ("References", *_lengths(check.references, check.limit)),
        ("Context", f"{check.context_tokens:,} tokens", _repeated(check)),
    ]
    table = "".join(
        f'<tr><th scope="row">{what}</th><td>{figure}</td><td class="note">{note}</td></tr>'
        for what, figure, note in rows
    )
    read = "".join(
        f"<li><span>{_short(task.instruction)}</span> <code>{_short(task.reference) or '–'}</code></li>"
        for task in first[:FIRST]
    )
    return (
        f'<details class="training-check" open><summary>{escaped(check_sentence(check, name))}</summary>'
        f"<table><tbody>{table}</tbody></table><p>As they were read, the first of them:</p><ol>{read}</ol></details>"
    )


def check_sentence(check: DataCheck, name: str) -> str:
    """Returns in words whether anything of the data is lost."""
    lost = []
    if check.left_out:
        lost.append(f"{_count(check.left_out, 'row')} without a reference left out")
    for what, lengths in (("instruction", check.instructions), ("reference", check.references)):
        if lengths.cut:
            lost.append(f"{_count(lengths.cut, what)} cut at {check.limit:,} tokens")
    rest = "; ".join(lost) if lost else "nothing is left out or cut"
    return f"{name}: {check.training:,} tasks to learn from, {check.validation:,} to validate on; {rest}."


def training_html(training: Training) -> str:
    """Returns the figures of a training: where it stands, and once it is done what the prompt says of itself."""
    wanted, config = training.wanted, training.wanted.config
    last = next((p.train for p in reversed(training.points) if p.train is not None), None)
    figures = [
        ("Step", f"{training.step:,} <small>of {training.steps:,}</small>"),
        ("Training loss", _loss(last)),
        ("Validation loss, best", _loss(training.best) + _at(training.best_step)),
    ]
    more = ""
    if training.outcome == DONE and training.result:
        metrics = training.result["metrics"]
        figures.append(("Time", f"{number(metrics['seconds'])} <small>s</small>"))
        figures.append(("Trained parameters", f"{training.result['trainable_parameters']:,}"))
        more = _of_the_prompt(training.result)
    rows = "".join(f"<div><dt>{what}</dt><dd>{figure}</dd></div>" for what, figure in figures)
    about = f"{ALL_ARMS[arm_of_config(config)].phrase} on {wanted.backbone}, {wanted.data}"
    return (
        f'<section class="training" aria-label="Training"><h2>{escaped(wanted.name)}</h2><p>{escaped(about)}</p>'
        f"<dl>{rows}</dl>{more}</section>"
    )


def arm_of_config(config: TrainConfig) -> str:
    """Returns the arm that a prompt of this config belongs to."""
    return arm_of({"method": config.method, "config": vars(config)}) or config.method


def unit_of(config: TrainConfig) -> str:
    """Returns the unit of the config's losses."""
    return f"generalised cross-entropy, q = {config.bound:g}" if config.bound else NATS


def _of_the_prompt(info: dict[str, Any]) -> str:
    """Returns the command that trains it again and, of DDPT, seed spread and steps ablation."""
    said, metrics = "", info["metrics"]
    if metrics.get("steps_ablation"):
        spread, losses = metrics["seed_spread"], metrics["steps_ablation"]
        heads = "".join(f'<th scope="col">{int(steps):,}</th>' for steps in losses)
        cells = "".join(f"<td>{loss:.4f}</td>" for loss in losses.values())
        means = (
            "hardly depends on the noise: all seeds end in nearly the same place"
            if spread < COLLAPSED
            else "depends on the noise"
        )
        said = (
            f"<h3>What the noise and the steps add</h3><p>The prompt {means}. Its spread over 8 seeds is {spread:.2g} "
            f"of the vocabulary’s.</p><table><thead><tr><th>Steps</th>{heads}</tr></thead><tbody><tr>"
            f'<th scope="row">Validation loss</th>{cells}</tr></tbody></table>'
        )
    command = next(line.strip() for line in prompt_card(info).splitlines() if line.startswith("    python"))
    return f"{said}<details><summary>The same by the command line</summary><pre>{escaped(command)}</pre></details>"


def _lengths(lengths: Lengths, limit: int) -> tuple[str, str]:
    note = f"{lengths.cut:,} longer than {limit:,}, cut there" if lengths.cut else f"none longer than {limit:,}"
    return (
        f"{lengths.median:,} tokens",
        f"half have at most so many, 95 % {lengths.most:,}, all {lengths.longest:,}; {note}",
    )


def _repeated(check: DataCheck) -> str:
    whole = check.context_tokens == check.positions
    return f"one for each of {check.positions} positions" if whole else f"repeated to fill {check.positions} positions"


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _at(step: int) -> str:
    return f" <small>at step {step:,}</small>" if step else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return escaped(line if len(line) <= SHOWN else f"{line[:SHOWN]}…")


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
