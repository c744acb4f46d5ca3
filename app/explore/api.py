"""What the Explore tab does, as named endpoints for gradio_client; each returns plain JSON."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.explore.runs.library import Library
from app.explore.runs.runs import Runs
from app.page.services import MODEL, Services, as_endpoint
from app.page.sessions import visitor_of
from app.page.stream import Done, stream


def add(services: Services, library: Library) -> None:
    """Adds the endpoints to the page that is being built; a client's session is the visitor."""
    runs = services.of(Runs)

    def silent(share: float, text: str) -> None:
        """Hears of progress and does nothing with it."""

    def list_runs(request: gr.Request) -> list[dict[str, Any]]:
        """Lists the runs that can be opened, embedded ones first, then this session's unsaved ones."""
        return [entry.describe() for entry in runs.entries(visitor_of(None, request)).values()]

    def open_run(name: str, request: gr.Request) -> dict[str, Any]:
        """Describes a run, with the addresses of its data below the app's root."""
        return runs.open(name, silent, visitor_of(None, request))

    def new_run(
        request: gr.Request,
        prompt: str = "ddpt",
        scheduler: str = "ddpm",
        steps: int = 2000,
        seed: int = 0,
        style: str = "",
        guidance: float = 1.0,
    ) -> Iterator[dict[str, Any]]:
        """Samples and records a run, unsaved until it is kept; yields how far it is, at last its name."""
        visitor, steered = visitor_of(None, request), {"style": style, "guidance": guidance}
        for message in stream(lambda tell: runs.record(prompt, scheduler, steps, seed, tell, visitor, **steered)):
            if isinstance(message, Done):
                yield runs.entry(message.result, visitor).describe() | {"share": 1.0}
            else:
                yield {"share": message.share, "text": message.text}

    def project(
        request: gr.Request,
        name: str,
        second: str = "",
        seed: int = 0,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
    ) -> Iterator[dict[str, Any]]:
        """Fits UMAP to the vocabulary and a run, or two, together; yields how far it is, at last the run."""
        visitor, chosen = visitor_of(None, request), {"seed": seed, "n_neighbors": n_neighbors, "min_dist": min_dist}
        for message in stream(lambda tell: runs.add_umap(name, tell, second, visitor, **chosen)):
            if isinstance(message, Done):
                yield message.result
            else:
                yield {"share": message.share, "text": message.text}

    def compare_runs(name: str, second: str, request: gr.Request) -> dict[str, Any]:
        """Describes a second run, with the data of one PCA that holds both."""
        return runs.beside(name, second, silent, visitor_of(None, request))

    def neighbours(request: gr.Request, name: str, step: int, k: int = 10, kind: str = "state") -> dict[str, Any]:
        """Finds the k nearest tokens (cosine) of every position at a step; kind is "state" or "estimate"."""
        return runs.neighbours(name, step, k, kind, visitor_of(None, request))

    def keep_run(name: str, request: gr.Request) -> dict[str, Any]:
        """Makes an unsaved run one of the user's own, which everybody here sees; returns it."""
        return library.keep(name, visitor_of(None, request)).describe()

    def rename_run(name: str, new_name: str, request: gr.Request) -> dict[str, Any]:
        """Gives a run another name; returns it."""
        return library.rename(name, new_name, visitor_of(None, request)).describe()

    def delete_run(name: str, request: gr.Request) -> dict[str, str]:
        """Deletes a run; `undo` is what restore_run takes to bring it back."""
        return {"name": name, "undo": library.delete(name, visitor_of(None, request))}

    def restore_run(undo: str, request: gr.Request) -> dict[str, Any]:
        """Brings a deleted run back, for some hours; returns it."""
        return library.restore(undo, visitor_of(None, request)).describe()

    def download_run(name: str, recipe: bool, request: gr.Request) -> str:
        """Packs a run as a zip, with every step; one that is kept as a recipe also as that, which is much smaller."""
        return str(library.pack(name, visitor_of(None, request), recipe=recipe))

    def upload_run(archive: str, request: gr.Request) -> dict[str, Any]:
        """Takes in a run from a zip, unsaved until it is kept; returns it."""
        return library.take_in(archive, visitor_of(None, request), silent)[0].describe()

    one_at_a_time = {"concurrency_id": MODEL, "concurrency_limit": 1}
    gr.api(list_runs, api_name="list_runs", concurrency_limit=None)
    gr.api(as_endpoint(open_run), api_name="open_run", concurrency_limit=None)
    gr.api(as_endpoint(new_run), api_name="new_run", **one_at_a_time)
    gr.api(as_endpoint(project), api_name="project", **one_at_a_time)
    gr.api(as_endpoint(compare_runs), api_name="compare_runs", **one_at_a_time)
    gr.api(as_endpoint(neighbours), api_name="neighbours", **one_at_a_time)
    for function in (keep_run, rename_run, delete_run, restore_run):
        gr.api(as_endpoint(function), api_name=function.__name__, concurrency_limit=None)
    # Files go through components, which see to it that a client can only name what it uploaded.
    name, parcel = gr.Textbox(visible=False, label="Run"), gr.File(visible=False, label="Zip", file_types=[".zip"])
    described = gr.JSON(visible=False, label="Run")
    gr.Button(visible=False).click(
        as_endpoint(download_run),
        [name, gr.Checkbox(False, visible=False, label="Recipe")],
        parcel,
        api_name="download_run",
    )
    gr.Button(visible=False).click(as_endpoint(upload_run), parcel, described, api_name="upload_run")
