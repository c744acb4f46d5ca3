"""Where a study is shown beside its own folder: README.md, and the assets that ship."""

import json
from pathlib import Path

from ddpt_core.artifact_files import write_files
from ddpt_core.errors import ArtifactError
from ddpt_core.study.choosing import prompt_folder
from ddpt_core.study.tables import CAVEAT, NAMES, Results, comparison_table, loss_unit, main_tables, verdicts
from ddpt_core.tuning.checkpoint import CARD, DESCRIPTION, WEIGHTS

BEGIN, END = "<!-- study -->", "<!-- /study -->"
COMPARISON = "comparison"  # the folder of assets that results.json ships in


def check_readme(path: Path) -> str:
    """Returns the text of a README; raises ArtifactError unless it holds both marks once, in their order."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ArtifactError(f"{path} cannot be read ({reason}); give a Markdown file.") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ArtifactError(f"{path} must hold the lines {BEGIN} and {END} once each; the table goes between them.")
    return text


def write_readme(path: Path, results: Results) -> None:
    """Replaces what stands between the two marks in a README by the study's tables, verdicts and command."""
    text = check_readme(path)
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    write_files(path.parent, {path.name: before + "\n\n" + "\n".join(summary(results)) + "\n\n" + after})


def summary(results: Results) -> list[str]:
    """Returns the lines that README and the card show."""
    pairs = comparison_table(results)
    lines = [*main_tables(results), ""]
    if pairs:
        lines += ["Ratios, with 95 % intervals and p-values of a paired bootstrap over tasks:", "", *pairs, ""]
        lines += [*(f"- {sentence}" for sentence in verdicts(results)), ""]
        lines += [CAVEAT, ""]
    if results["plan"].get("bound"):
        learned = f"All prompts learned with the {loss_unit(results)} (arXiv 1805.07836), not with the paper's"
        lines += [f"{learned} cross-entropy: see the plan.", ""]
    return [*lines, "Made by", "", f"    {results['command']}"]


def ship(results: Results, out: Path, assets: Path) -> list[Path]:
    """Writes a study's results with a card to assets/comparison, and each trained arm's first prompt to assets/prompts.

    Returns the folders written. The first prompt is that of the first training seed, at the chosen rate; `out` is the
    study's folder. Each folder is replaced whole or not at all. Raises ArtifactError.
    """
    prompts: dict[Path, dict[str, bytes]] = {}
    for arm, trainings in results["trainings"].items():
        if trainings:
            source = prompt_folder(out, arm, trainings[0]["lr"], trainings[0]["seed"])
            try:
                files = {name: (source / name).read_bytes() for name in (WEIGHTS, DESCRIPTION, CARD)}
            except OSError as error:
                raise ArtifactError(f"The prompt {source} cannot be read ({error.strerror}); run the study.") from None
            prompts[assets / "prompts" / arm] = files
    for folder, files in prompts.items():
        write_files(folder, files)
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    write_files(assets / COMPARISON, {"README.md": card(results), "results.json": text})
    return [*prompts, assets / COMPARISON]


def card(results: Results) -> str:
    """Returns the card of assets/comparison."""
    seeds = {arm: len(trainings) for arm, trainings in results["trainings"].items()}
    trained = ", ".join(f"{NAMES[arm]} ({count} training seeds)" for arm, count in seeds.items())
    lines = [
        "# The prompts compared",
        "",
        f"`results.json` holds every figure of a study on the backbone `{results['backbone']['name']}` "
        f"(sha256 {results['backbone']['sha256'][:12]}…), made on {results['created']}: choices on validation,",
        "trainings, and of every data set each arm's metrics, the arms in pairs, and each seed's own figures (`runs`).",
        f"Trained: {trained}. The prompts of the first training seed are those in `../prompts/`.",
        "",
        *summary(results),
        "",
        "Metrics: bleu, codebleu, chrf, rouge_l 0–100; exact_match, valid_python, pass_at_1 0–1; loss in nats per",
        "token of the references. `value` is the metric over the answers of all seeds taken as one corpus; `ci95` is",
        "over tasks, each drawn with all its answers; spreads are standard deviations over seeds of the metric.",
        "An interval says nothing of other training seeds, other data, or other backbones.",
    ]
    return "\n".join(lines) + "\n"
