"""What the studies' page does, as named endpoints for gradio_client; they return plain JSON."""

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from app.page.numbers import whole
from app.page.services import MODEL, as_endpoint
from app.page.sources import at_this_machine
from app.studies.kept.study_predictions import Asked
from app.studies.studies import Studies
from app.studies.study_file import YOUR_FILE, Wanted, about_file, ready_files, wanted_study
from app.studies.study_run import StudyRun
from app.studies.view import predictions_of
from ddpt_core.errors import ConfigError, require_range

MOST = 500  # predictions of one answer


def add(studies: Studies) -> None:
    """Adds the endpoints to the page that is being built."""

    def wanted(request: gr.Request, file: str, plan: str, data_folder: str, limit: int | None) -> Wanted:
        local = at_this_machine(request)
        if not plan.strip():
            return wanted_study(file, "", data_folder, limit, local)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "study.yaml"
            path.write_text(plan, encoding="utf-8")
            return wanted_study(YOUR_FILE, str(path), data_folder, limit, local)

    def list_studies() -> dict[str, Any]:
        """Returns the studies that can be read, and the study files that can be run, with what each is about."""
        files = [{"file": name, "about": about_file(path)} for name, path in ready_files().items()]
        return {"studies": studies.described(), "files": files}

    def estimate(
        request: gr.Request, file: str = "", plan: str = "", data_folder: str = "", limit: int | None = None
    ) -> dict[str, Any]:
        """Returns what a study will cost on this machine: cells, trainings, LLM passes, answers, seconds, by part.

        `file` names one of those of /studies; `plan`, a study as YAML, takes its place. "" for `data_folder` is the
        usual one. Everything is checked: what this refuses could not run.
        """
        return studies.estimate(wanted(request, file, plan, data_folder, limit), lambda share, text: None)

    def run(
        request: gr.Request,
        file: str = "",
        plan: str = "",
        name: str = "",
        data_folder: str = "",
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Begins a study and returns its name at once; ask /study_progress how it goes on. See /study_estimate."""
        return told(studies.start(wanted(request, file, plan, data_folder, limit), name))

    def resume(request: gr.Request, name: str) -> dict[str, Any]:
        """Goes on with a stopped study, and returns at once; what is done is not done again."""
        return told(studies.resume(name, at_this_machine(request)))

    def progress() -> dict[str, Any]:
        """Returns how the study under way stands, or how the last one ended."""
        if studies.latest is None:
            raise ConfigError("No study was begun since this program was started.")
        return told(studies.latest)

    def cancel() -> dict[str, Any]:
        """Stops the study under way; what it has done is kept."""
        return told(studies.ask())

    def results(name: str) -> dict[str, Any]:
        """Returns a finished study's results.json: of each part and data set every arm, the pairs, and the runs."""
        return studies.get(name).results

    def predictions(
        name: str,
        part: str = "",
        data: str = "",
        arm: str = "",
        seeds: str = "",
        outcome: str = "",
        text: str = "",
        sort_by: str = "",
        best_first: bool = True,
        limit: int = 100,
    ) -> dict[str, Any]:
        """Returns predictions of a study on one data set, "" for the first part and data set, and for any arm.

        `seeds` as in the answers ("training 0 · noise 1"); `sort_by` one of passed, bleu, chrf, rouge_l, exact_match,
        valid_python and loss, whose value each then has. `found` counts those that are like that, `hidden` those that
        were not looked at.
        """
        count = require_range("limit", whole("limit", limit), 1, MOST)
        asked = Asked(arm, seeds, outcome, text, sort_by, bool(best_first))
        found = predictions_of(studies.get(name), part, data).find(asked)
        return {"found": len(found.rows), "hidden": found.hidden, "predictions": found.rows[:count]}

    free = {"concurrency_limit": None}
    gr.api(as_endpoint(list_studies), api_name="studies", **free)
    gr.api(as_endpoint(estimate), api_name="study_estimate", concurrency_id=MODEL, concurrency_limit=1)
    gr.api(as_endpoint(run), api_name="study_run", **free)
    gr.api(as_endpoint(resume), api_name="study_resume", **free)
    gr.api(as_endpoint(progress), api_name="study_progress", **free)
    gr.api(as_endpoint(cancel), api_name="study_cancel", **free)
    gr.api(as_endpoint(results), api_name="study_results", **free)
    gr.api(as_endpoint(predictions), api_name="study_predictions", concurrency_limit=2)


def told(run: StudyRun) -> dict[str, Any]:
    """Returns how a study stands, as JSON; `outcome` is "" while it goes on, then done, stopped or failed."""
    return {
        "name": run.entry.name,
        "outcome": run.outcome,
        "sentence": run.sentence or run.text,
        "cell": run.cell,
        "cells": run.cells,
        "share": run.share,
        "seconds_left": None if run.outcome else run.seconds_left(),
    }
