"""What the Explore tab does, as named endpoints for gradio_client; each returns plain JSON."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.progress import Done, stream
from app.services import MODEL, Services, as_endpoint


def add(services: Services) -> None:
    """Adds the endpoints to the page that is being built."""
    runs = services.runs

    def list_runs() -> list[dict[str, Any]]:
        """Lists the runs that can be opened, embedded ones first."""
        return [entry.describe() for entry in runs.entries().values()]

    def open_run(name: str) -> dict[str, Any]:
        """Describes a run, with the addresses of its data below the app's root."""
        return runs.open(name, lambda share, text: None)

    def new_run(
        prompt: str = "ddpt", scheduler: str = "ddpm", steps: int = 2000, seed: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Samples and records a run; yields how far it is, at last its name."""
        for message in stream(lambda tell: runs.record(prompt, scheduler, steps, seed, tell)):
            if isinstance(message, Done):
                yield runs.entry(message.result).describe() | {"share": 1.0}
            else:
                yield {"share": message.share, "text": message.text}

    def project(name: str) -> Iterator[dict[str, Any]]:
        """Fits UMAP to the vocabulary and a run together; yields how far it is, at last the run."""
        for message in stream(lambda tell: runs.add_umap(name, tell)):
            if isinstance(message, Done):
                yield message.result
            else:
                yield {"share": message.share, "text": message.text}

    def compare_runs(name: str, second: str) -> dict[str, Any]:
        """Describes a second run, with the data of one PCA that holds both."""
        return runs.beside(name, second, lambda share, text: None)

    def neighbours(name: str, step: int, k: int = 10, kind: str = "state") -> dict[str, Any]:
        """Finds the k nearest tokens (cosine) of every position at a step; kind is "state" or "estimate"."""
        return runs.neighbours(name, step, k, kind)

    one_at_a_time = {"concurrency_id": MODEL, "concurrency_limit": 1}
    gr.api(list_runs, api_name="list_runs", concurrency_limit=None)
    gr.api(as_endpoint(open_run), api_name="open_run", concurrency_limit=None)
    gr.api(as_endpoint(new_run), api_name="new_run", **one_at_a_time)
    gr.api(as_endpoint(project), api_name="project", **one_at_a_time)
    gr.api(as_endpoint(compare_runs), api_name="compare_runs", **one_at_a_time)
    gr.api(as_endpoint(neighbours), api_name="neighbours", **one_at_a_time)
