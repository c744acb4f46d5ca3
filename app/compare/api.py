"""What the Compare tab does, as named endpoints for gradio_client; each returns plain JSON."""

from typing import Any

import gradio as gr

from app.compare.boards.comparisons import Comparisons
from app.compare.boards.listings import Listings, tasks_of
from app.page.services import MODEL, as_endpoint
from ddpt_core.arms import ARMS, DDPT, DDPT_FULL, DISTRIBUTION, PROMPT_TUNING, RESIDUAL


def add(comparisons: Comparisons) -> None:
    """Adds the endpoints to the page that is being built."""
    listings = Listings(comparisons)

    def examples() -> list[dict[str, Any]]:
        """Lists the example instructions with reference, setup and tests."""
        return [
            {
                "id": task.id,
                "instruction": task.instruction,
                "reference": task.reference,
                "setup": task.setup,
                "tests": list(task.tests),
            }
            for task in comparisons.examples.values()
        ]

    def compare(
        instruction: str,
        reference: str = "",
        tests: list[str] | None = None,
        setup: str = "",
        manual_context: str = "",
        seed: int = 0,
        prompt_tuning: str = "",
        ddpt: str = "",
        num_beams: int = 1,
        max_new_tokens: int = 64,
        repetition_penalty: float = 1.0,
        no_repeat_ngram_size: int = 0,
        arms: list[str] | None = None,
        residual: str = "",
        ddpt_full: str = "",
        seeds: list[int] | None = None,
        contexts: list[str] | None = None,
        distribution: str = "",
        style: str = "",
        guidance: float = 1.0,
    ) -> dict[str, Any]:
        """Answers an instruction with several arms: code, metrics, outcomes of the tests.

        `arms` may be any of none, manual, prompt-tuning, residual, ddpt, ddpt-full, distribution and instructed;
        without it manual, prompt-tuning and ddpt. "" for a context is the text that the prompts started from, "" for a
        prompt the first of its arm. `seeds` takes the place of `seed`: DDPT answers at each, the first as "ddpt", a
        further one as "ddpt@7". Each of `contexts`, texts typed by hand, answers as "typed", "typed-2", ... `style` and
        `guidance` are asked of the distribution.
        """
        question = comparisons.question(
            instruction,
            reference,
            setup,
            list(tests or ()),
            manual_context,
            [seed] if seeds is None else seeds,
            named(prompt_tuning, residual, ddpt, ddpt_full, distribution),
            contexts,
            style,
            guidance,
            num_beams=num_beams,
            max_new_tokens=max_new_tokens,
            repetition_penalty=repetition_penalty,
            no_repeat_ngram_size=no_repeat_ngram_size,
        )
        return comparisons.ask_all(question, lambda share, text: None, ARMS if arms is None else arms)

    def compare_list(
        instructions: list[str],
        references: list[str] | None = None,
        arms: list[str] | None = None,
        seeds: list[int] | None = None,
        contexts: list[str] | None = None,
        manual_context: str = "",
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
        """Answers at most 50 instructions with the same columns, in batches; each column as /compare has it.

        `references` holds one for each instruction, "" where there is none. `rows` are the instructions with what
        every column answered, `overall` each column's figures over all its answers.
        """
        listing = listings.listing(
            tasks_of(instructions, references),
            ARMS if arms is None else arms,
            context=manual_context,
            seeds=[0] if seeds is None else seeds,
            prompts=named(prompt_tuning, residual, ddpt, ddpt_full, distribution),
            typed=contexts,
            style=style,
            guidance=guidance,
            num_beams=num_beams,
            max_new_tokens=max_new_tokens,
            repetition_penalty=repetition_penalty,
            no_repeat_ngram_size=no_repeat_ngram_size,
        )
        return listings.ask_all(listing, lambda share, text: None).as_json()

    def named(prompt_tuning: str, residual: str, ddpt: str, ddpt_full: str, distribution: str) -> dict[str, str]:
        given = {PROMPT_TUNING: prompt_tuning, RESIDUAL: residual, DDPT: ddpt, DDPT_FULL: ddpt_full}
        return comparisons.prompts.named(given | {DISTRIBUTION: distribution})

    gr.api(examples, api_name="examples", concurrency_limit=None)
    gr.api(as_endpoint(compare), api_name="compare", concurrency_id=MODEL, concurrency_limit=1)
    gr.api(as_endpoint(compare_list), api_name="compare_list", concurrency_id=MODEL, concurrency_limit=1)
