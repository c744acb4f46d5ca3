"""What the figures of a steerable prompt say, in sentences; for its card, the report of a study and the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from ddpt_core.data.styles import STYLES

TOLD = 0.05  # corrected p-value below which two are told apart
QUESTION = (
    "DDPT's authors leave open whether conditional inputs (a target language, a complexity) lead to embeddings that "
    "outperform a generalist one on their subtasks (arXiv 2504.04351)."
)
CAVEAT = (
    "Adherence is a rule on the parsed code of one greedy answer to each request, and says nothing of whether the code "
    "is right. Intervals are 95 % bootstraps over requests; one denoiser was trained, from one seed."
)


def found(figures: Mapping[str, Any]) -> list[str]:
    """Returns what a Diagnosis found, a sentence each."""
    at = figures["sizes"]["at"]
    here = next(row for row in figures["guidance"] if row["guidance"] == 1) if figures["guidance"] else None
    said = []
    if here:
        said.append(f"At {at} steps {share(here['adherence'])} of the answers are of the style asked for.")
        others = [f"{name} {share(row['adherence'])}" for name, row in figures["against"].items()]
        said.append(f"Instead of it: {'; '.join(others)}.")
        own = figures["against"]["the style's own tuned prompt"]
        if here["loss"] and own["loss"]:
            more = here["loss"] / own["loss"] - 1
            said.append(
                f"Its loss is {here['loss']:.3f} nats per token, {abs(more):.1%} {'above' if more > 0 else 'below'} "
                f"that of the style's own tuned prompt ({own['loss']:.3f})."
            )
    said.append(best_steps(figures))
    said.append(said_of_seeds(figures["seeds"]))
    said += said_of_lock_in(figures["lock_in"])
    return said


def best_steps(figures: Mapping[str, Any]) -> str:
    """Returns whether more steps than the fewest are told to be better, and by how much."""
    better = [
        row
        for row in figures["more_steps"]
        if row["p_corrected"] is not None
        and row["p_corrected"] < TOLD
        and (row["difference"] > 0) == (row["what"] == "adherence")
    ]
    if not better:
        return "No number of steps is told to be better than one."
    most = max(better, key=lambda row: abs(row["difference"]))
    unit = (
        f"{most['difference'] * 100:+.0f} points" if most["what"] == "adherence" else f"{most['difference']:+.3f} nats"
    )
    return (
        f"More steps than {most['than']} are better: {most['steps']:,} steps change {most['what']} by {unit} "
        f"(corrected p {most['p_corrected']:.2g}); {len(better)} of {len(figures['more_steps'])} comparisons say so."
    )


def answer(figures: Mapping[str, Any]) -> str:
    """Returns the answer to the paper's open question, in figures."""
    here = next((row for row in figures["guidance"] if row["guidance"] == 1), figures["steps"][-1])
    mixed = figures["against"]["one prompt tuned on all styles"]
    text = figures["against"].get("a text that names the style")
    better = here["adherence"] > mixed["adherence"]
    said = [
        QUESTION,
        f"Here, on {len(here['adherence_by_style'])} styles of code, conditional runs reach an adherence of "
        f"{share(here['adherence'])} {interval(here['adherence_ci95'])} and {number(here['loss'])} nats per token;",
        f"one prompt tuned on all styles reaches {share(mixed['adherence'])} and {number(mixed['loss'])}",
        f"(a text that names the style {share(text['adherence'])})." if text else ".",
        "So a condition does what a generalist cannot: one vector set must serve all styles, and says which of them "
        "is meant by nothing."
        if better
        else "So the condition gains nothing over the generalist here.",
    ]
    return " ".join(said)


def said_of_seeds(seeds: Mapping[str, Any]) -> str:
    hit = [style for style, count in seeds["by_library"].items() if count]
    missed = [label_of(style) for style, count in seeds["by_library"].items() if not count]
    never = f" (never on {', '.join(missed)})" if missed else ""
    return (
        f"Without a style {seeds['count']} seeds end on {len(hit)} of {len(seeds['by_library'])} styles"
        f"{never}, {seeds['entropy_bits']:.2f} bits; their ends lie {seeds['distance']:.2f} of a deviation from the "
        f"nearest prompt of the library, whose own trainings of one style lie {number(seeds['distance_of_library'])} "
        "apart."
    )


def said_of_lock_in(lock_in: Mapping[str, Any]) -> list[str]:
    said = []
    for of, row in lock_in.items():
        if "median" not in row:
            said.append(f"By the {of}, no path ends on a style.")
            continue
        said.append(
            f"By the {of}, the style of the code no longer changes from step {row['median']:.0f} of {row['steps']} on "
            f"(quartiles {row['quartiles'][0]:.0f} and {row['quartiles'][1]:.0f}, noise {row['noise']:.0%}); "
            f"{row['at_start']:.0%} of {row['paths']} paths show that style at step 0."
        )
    return said


def label_of(style: str) -> str:
    return STYLES[style].label if style in STYLES else style


def share(value: float | None) -> str:
    """Returns a share in percent."""
    return "not known" if value is None else f"{value * 100:.0f} %"


def number(value: float | None) -> str:
    """Returns a loss."""
    return "not known" if value is None else f"{value:.3f}"


def interval(ends: Sequence[float] | None, scale: float = 100.0, digits: int = 0) -> str:
    """Returns an interval in brackets, "" for none."""
    return "" if ends is None else f"[{ends[0] * scale:.{digits}f}, {ends[1] * scale:.{digits}f}]"
