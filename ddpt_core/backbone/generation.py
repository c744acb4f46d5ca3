"""How a backbone writes: the settings, what they mean to transformers, and what was written."""

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

from ddpt_core.errors import ConfigError, require_range

MAX_TEMPERATURE = 2.0  # above it the text is noise
TOP_P = 0.95  # of sampling, as in Chen et al. 2021 (arXiv 2107.03374), section 3.2


@dataclass(frozen=True)
class GenerationSettings:
    """How the backbone writes. The paper used repetition_penalty 1.2 and no_repeat_ngram_size 2.

    These are off here: forbidding every repeated pair of tokens forbids much valid code, such as `x[0], x[0]`.
    """

    max_new_tokens: int = 64
    num_beams: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        require_range("max_new_tokens", self.max_new_tokens, 1, 1_024)
        require_range("num_beams", self.num_beams, 1, 16)
        require_range("no_repeat_ngram_size", self.no_repeat_ngram_size, 0, 16)
        if not 0.5 <= self.repetition_penalty <= 2.0:
            raise ConfigError(f"repetition_penalty must be from 0.5 to 2, got {self.repetition_penalty}.")

    def greedy(self) -> dict[str, Any]:
        """Returns the arguments of `generate` for the likeliest answer: greedy, or by beams."""
        return {"do_sample": False, "num_beams": self.num_beams} | self._shared()

    def sampled(self, n: int, temperature: float) -> dict[str, Any]:
        """Returns the arguments of `generate` for n answers drawn from the likeliest tokens that make up TOP_P."""
        drawn = {"do_sample": True, "num_return_sequences": n, "temperature": temperature, "top_p": TOP_P}
        return drawn | {"top_k": 0, "num_beams": 1} | self._shared()  # top_k is 50 by default; 0 is off

    def _shared(self) -> dict[str, Any]:
        return {
            "max_new_tokens": self.max_new_tokens,
            "repetition_penalty": self.repetition_penalty,
            "no_repeat_ngram_size": self.no_repeat_ngram_size,
        }


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
