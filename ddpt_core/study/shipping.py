"""Where a study is shown beside its own folder: README.md, and the assets that ship."""

from pathlib import Path

from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.errors import ArtifactError, ConfigError
from ddpt_core.files import write_files
from ddpt_core.metrics.table import METRICS, PASS
from ddpt_core.settings import CARD, PROMPT_FILE, RESULTS, WEIGHTS
from ddpt_core.study.cells import as_text
from ddpt_core.study.document import Block, Bullets, Command, Heading, Paragraph, markdown
from ddpt_core.study.names import called
from ddpt_core.study.plan_file import Study
from ddpt_core.study.tables import Results, comparison_table, loss_unit, main_tables, verdicts

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
    write_files(path.parent, {path.name: before + "\n\n" + markdown(summary(results)) + "\n" + after})


def check_shipped(study: Study, limit: int | None) -> None:
    """Raises ConfigError unless a study may be put into the assets."""
    if limit is not None or study.backbones != [DEFAULT] or len(study.parts) > 1:
        raise ConfigError(
            "Only a whole study of one part on the embedded backbone can be shipped; leave out --limit or --ship."
        )


def summary(results: Results) -> list[Block]:
    """Returns what README and the card show."""
    blocks: list[Block] = []
    for part in results["parts"]:
        if len(results["parts"]) > 1:
            blocks.append(Heading(part["name"], 3))
        blocks += [*main_tables(part), *comparison_table(part)]
        if part["plan"].get("bound"):
            learned = f"All prompts learned with the {loss_unit(part)} (arXiv 1805.07836), not with the paper's"
            blocks.append(Paragraph(f"{learned} cross-entropy: see the plan."))
    if said := verdicts(results):
        blocks.append(Bullets(said))
    return [*blocks, Paragraph("Made by"), Command(results["command"])]


def ship(results: Results, out: Path, assets: Path) -> list[Path]:
    """Writes a study's results with a card to assets/comparison, and each trained arm's first prompt to assets/prompts.

    Returns the folders written. The first prompt is that of the first training seed, at the chosen rate; `out` is the
    study's folder. Each folder is replaced whole or not at all. Raises ArtifactError.
    """
    prompts: dict[Path, dict[str, bytes]] = {}
    for part in results["parts"]:
        for variant, trainings in part["trainings"].items():
            if trainings:
                source = out / trainings[0]["prompt"]
                try:
                    files = {name: (source / name).read_bytes() for name in (WEIGHTS, PROMPT_FILE, CARD)}
                except OSError as error:
                    why = f"The prompt {source} cannot be read ({error.strerror}); run the study."
                    raise ArtifactError(why) from None
                prompts.setdefault(assets / "prompts" / part["variants"][variant], files)
    for folder, files in prompts.items():
        write_files(folder, files)
    write_files(assets / COMPARISON, {CARD: markdown(card(results)), RESULTS: as_text(results)})
    return [*prompts, assets / COMPARISON]


def card(results: Results) -> list[Block]:
    """Returns the card of assets/comparison."""
    (part,) = results["parts"]
    seeds = {arm: len(trainings) for arm, trainings in part["trainings"].items()}
    trained = ", ".join(f"{called(arm)} ({count} training seeds)" for arm, count in seeds.items())
    return [
        Heading("The prompts compared", 1),
        Paragraph(
            f"`results.json` holds every figure of a study on the backbone `{part['backbone']['name']}` "
            f"(sha256 {part['backbone']['sha256'][:12]}…), made on {results['created']}: choices on validation, "
            "trainings, and of every data set each arm's metrics, the arms in pairs, and each seed's own figures "
            f"(`runs`). Trained: {trained}. The prompts of the first training seed are those in `../prompts/`."
        ),
        *summary(results),
        Paragraph(
            f"Metrics: {_on_scale(100)} 0–100; {_on_scale(1)}, {PASS} 0–1; loss in nats per token of the references. "
            "`value` is the metric over the answers of all seeds taken as one corpus; `ci95` is over tasks, each drawn "
            "with all its answers; spreads are standard deviations over seeds of the metric; `p_holm` is `p_value` "
            "corrected over all pairs and data sets of a table. "
            "An interval says nothing of other training seeds, other data, or other backbones."
        ),
    ]


def _on_scale(scale: int) -> str:
    return ", ".join(name for name, metric in METRICS.items() if metric.scale == scale)
