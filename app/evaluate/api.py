"""What the Evaluate tab does, as a named endpoint for gradio_client; it returns plain JSON."""

from typing import Any

import gradio as gr

from app.evaluate.data import EvaluateData
from app.evaluate.evaluations import Evaluations
from app.page.services import as_endpoint
from ddpt_core.arms import ARMS, DDPT, DDPT_FULL, DISTRIBUTION, PROMPT_TUNING, RESIDUAL


def add(evaluations: Evaluations, data_sets: EvaluateData) -> None:
    """Adds the endpoint to the page that is being built."""

    def evaluate(
        data: str = "examples",
        tasks: list[dict[str, Any]] | None = None,
        arms: list[str] | None = None,
        limit: int = 100,
        tests: bool = True,
        samples: int = 1,
        temperature: float | None = None,
        k: list[int] | None = None,
        manual_context: str = "",
        seed: int = 0,
        prompt_tuning: str = "",
        ddpt: str = "",
        num_beams: int = 1,
        max_new_tokens: int = 64,
        repetition_penalty: float = 1.0,
        no_repeat_ngram_size: int = 0,
        residual: str = "",
        ddpt_full: str = "",
        distribution: str = "",
        style: str = "",
        guidance: float = 1.0,
    ) -> dict[str, Any]:
        """Evaluates arms on tasks and returns the content of metrics.json: figures with intervals, and pass@k.

        `data` is "examples", "families:value" (or …:phrasing, …:family: our own tasks, held out) or a data set of the
        hub as owner/name; `tasks`, rows of any known format, take its place. `arms` may be any of none,
        manual, prompt-tuning, residual, ddpt, ddpt-full, distribution and instructed; without it manual, prompt-tuning
        and ddpt. `style` and `guidance` are for the distribution.
        "" for a context is the text that the prompts started from, "" for a prompt the first of its arm.
        """
        wanted = evaluations.wanted(
            data_sets.rows(tasks) if tasks is not None else data_sets.named(data),
            list(ARMS) if arms is None else arms,
            limit,
            evaluations.prompts.named(
                {PROMPT_TUNING: prompt_tuning, RESIDUAL: residual, DDPT: ddpt, DDPT_FULL: ddpt_full}
                | {DISTRIBUTION: distribution}
            ),
            manual_context,
            seed,
            tests,
            samples,
            temperature,
            [1] if k is None else k,
            style,
            guidance,
            num_beams=num_beams,
            max_new_tokens=max_new_tokens,
            repetition_penalty=repetition_penalty,
            no_repeat_ngram_size=no_repeat_ngram_size,
        )
        evaluation = evaluations.run(wanted, lambda share, text: None)
        try:
            return evaluation.report
        finally:
            evaluation.delete()

    gr.api(as_endpoint(evaluate), api_name="evaluate", concurrency_id="evaluate", concurrency_limit=2)
