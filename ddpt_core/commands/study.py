"""`study`: a whole comparison from one plan."""

from pathlib import Path
from typing import Annotated

import typer

from ddpt_core.commands.options import Json, Out, progress_bar, show


def study(
    file: Annotated[Path, typer.Argument(help="The plan, a YAML file such as studies/prompts.yaml.")],
    out: Out,
    data_root: Annotated[Path, typer.Option(help="The folder that the plan's paths of data lie in.")] = Path(
        "../shared/data"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the study stopped in the folder.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only the first tasks of every data set.")] = None,
    readme: Annotated[Path | None, typer.Option(help="Put the tables between the marks of this Markdown file.")] = None,
    ship: Annotated[bool, typer.Option("--ship", help="Put results and prompts into assets/.")] = False,
    as_json: Json = False,
) -> None:
    """Trains, chooses and compares every arm of a plan; writes results.json and report.md."""
    from ddpt_core.backbone.loading import load_backbone
    from ddpt_core.backbone.registry import ASSETS, EMBEDDED
    from ddpt_core.errors import ConfigError, require_range
    from ddpt_core.study.plan import read_plan
    from ddpt_core.study.shipping import check_readme, write_readme
    from ddpt_core.study.shipping import ship as put_into
    from ddpt_core.study.study import run_study
    from ddpt_core.study.tables import verdicts

    plan = read_plan(file)
    if limit is not None:
        require_range("limit", limit, 1)
    if ship and (limit is not None or plan.backbone != EMBEDDED):
        raise ConfigError("Only a whole study of the embedded backbone can be shipped; leave out --limit or --ship.")
    if readme:
        check_readme(readme)
    command = f"python -m ddpt_core study {file}" + (f" --limit {limit}" if limit else "") + " --out DIR"
    model = load_backbone(plan.backbone)
    with progress_bar(0, "task") as bar:

        def tell(moment) -> None:
            bar.total = round(moment.total)
            bar.set_description(f"cell {moment.cell} of {moment.cells}: {moment.name}", refresh=False)
            bar.update(round(moment.done) - bar.n)

        results = run_study(
            plan,
            out,
            backbone=model,
            data_root=data_root,
            limit=limit,
            resume=resume,
            command=command,
            tell=tell,
        )
    written = [str(out)]
    if readme:
        write_readme(readme, results)
        written.append(str(readme))
    if ship:
        written += map(str, put_into(results, out, ASSETS))
    show(
        {"out": str(out), "written": written, **results},
        as_json,
        [*verdicts(results), f"written: {', '.join(written)}"],
    )
