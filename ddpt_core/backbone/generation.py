"""How a backbone writes: what the settings mean to transformers, and what was written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
)

MARKS = ("eos_token_id", "pad_token_id", "bos_token_id", "decoder_start_token_id")  # what counts of a stored config


def marks_alone(stored: Mapping[str, Any]) -> GenerationConfig:
    """Returns a generation config of the marks in a stored one, and of nothing else.

    What is stored beside a model may ask for several answers, dictionaries, sampling, penalties or forced tokens:
    all of that is for GenerationSettings to say.
    """
    return GenerationConfig(**{mark: stored.get(mark) for mark in MARKS})


@dataclass(frozen=True)
class Generation:
    """Code that the backbone wrote, and of how many tokens."""

    text: str
    tokens: int


class AfterPrompt(LogitsProcessor):
    """A processor of transformers that sees the prompt's tokens before those written.

    `generate` from embeddings shows its processors the new tokens only; from ids it shows them the prompt as well. Row
    by row, since padding would be seen like any other token.
    """

    def __init__(self, processor: LogitsProcessor, prompts: Sequence[Sequence[int]]):
        self.processor, self.prompts = processor, prompts

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns the scores (B,V) changed by the processor; rows of one prompt (beams, samples) follow each other."""
        each = len(input_ids) // len(self.prompts)
        changed = []
        for row, written in enumerate(input_ids):
            seen = torch.cat([written.new_tensor(self.prompts[row // each]), written])
            changed.append(self.processor(seen[None], scores[row : row + 1]))
        return torch.cat(changed)


def seeing_prompts(options: dict[str, Any], prompts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Returns arguments of `generate` from embeddings that forbid repeating the prompts as `generate` from ids does."""
    processors: list[LogitsProcessor] = []
    if (penalty := options["repetition_penalty"]) != 1.0:
        processors.append(AfterPrompt(RepetitionPenaltyLogitsProcessor(penalty), prompts))
    if size := options["no_repeat_ngram_size"]:
        processors.append(AfterPrompt(NoRepeatNGramLogitsProcessor(size), prompts))
    return options | {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "logits_processor": processors}


@contextmanager
def seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Starts the random numbers of the CPU and of `device` from `seed`; leaves them as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach devices that are not put back
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
