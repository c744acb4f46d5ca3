"""`study`: a whole comparison from one file."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from ddpt_core.commands.loading import Loading, with_loading
from ddpt_core.commands.options import Json, progress_bar, progress_of_whole, show


@with_loading
def study(
    file: Annotated[Path, typer.Argument(help="The study, a YAML file such as studies/small.yaml.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; else studies/FILE, which the app shows.")
    ] = None,
    data_root: Annotated[Path, typer.Option(help="The folder that the file's paths of data lie in.")] = Path(
        "../shared/data"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the study stopped in the folder.")] = False,
    limit: Annotated[int | None, typer.Option(help="Only the first tasks of every data set.")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Check it, print what it will cost, and stop.")] = False,
    pictures: Annotated[Path | None, typer.Option(help="Copy the report's pictures (SVG) to this folder.")] = None,
    readme: Annotated[Path | None, typer.Option(help="Put the tables between the marks of this Markdown file.")] = None,
    ship: Annotated[bool, typer.Option("--ship", help="Put results and prompts into assets/.")] = False,
    *,
    loading: Loading,
    as_json: Json = False,
) -> None:
    """Trains, chooses and compares every arm of a study; writes results.json, report.md and report.html."""
    from ddpt_core.backbone.registry import ASSETS, user_folder
    from ddpt_core.errors import ConfigError, require_range
    from ddpt_core.files import check_writable
    from ddpt_core.steering.words import found as found_of
    from ddpt_core.study.plan_file import read_study, read_yaml
    from ddpt_core.study.shipping import check_readme, check_shipped, write_readme
    from ddpt_core.study.shipping import ship as put_into
    from ddpt_core.study.steering import read_plan, run_steering, write_report
    from ddpt_core.study.study import Shelf, check, run_study
    from ddpt_core.study.tables import verdicts
    from ddpt_core.training.processes import processes

    if processes().count > 1:
        raise ConfigError(f"A study runs in one process, got {processes().count}; start it without torchrun.")
    out = out or user_folder("studies") / file.stem
    if steering := read_plan(read_yaml(file)):
        command = f"python -m ddpt_core study {file} --out DIR"
        with progress_of_whole() as tell_share:
            steered = run_steering(file.stem, steering, out, loading.backbone, command, tell_share)
        if ship:
            write_report(steered, ASSETS / "steering", as_page=False)
        show({"out": str(out), **steered}, as_json, [*found_of(steered["figures"]), f"written: {out}"])
        return
    plan = read_study(file)
    if limit is not None:
        require_range("limit", limit, 1)
    if ship:
        check_shipped(plan, limit)
    if readme:
        check_readme(readme)

    given = [*([f"--limit {limit}"] if limit is not None else []), *loading.typed()]
    command = " ".join(["python -m ddpt_core study", str(file), *given])
    if estimate:
        found = check(plan, Shelf(loading.backbone), data_root, limit)
        lines = [found.estimate.sentence(), *(f"{name} cannot be had: {why}" for name, why in found.missing.items())]
        show(found.estimate.described() | {"missing": found.missing}, as_json, lines)
        return
    if pictures:
        check_writable(pictures)
    with progress_bar(0, "s") as bar:

        def tell(moment) -> None:
            bar.total = round(moment.total)
            bar.set_description(f"cell {moment.cell} of {moment.cells}: {moment.name}", refresh=False)
            bar.update(round(moment.done) - bar.n)

        results = run_study(
            plan,
            out,
            data_root=data_root,
            load=loading.backbone,
            limit=limit,
            resume=resume,
            command=f"{command} --out DIR",
            announce=lambda cost: print(cost.sentence(), file=sys.stderr),
            tell=tell,
        )
    written = [str(out)]
    if pictures:
        for path in sorted(out.glob("*.svg")):
            shutil.copyfile(path, pictures / path.name)
            written.append(str(pictures / path.name))
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
