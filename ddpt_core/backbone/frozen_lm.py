"""The frozen code LLM: embeds a context's text, scores tasks and generates code from a context embedding."""

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property

import torch

from ddpt_core.backbone.architecture import Architecture
from ddpt_core.backbone.generation import Generation, marks_alone, seeded
from ddpt_core.backbone.kinds import kind_of
from ddpt_core.backbone.load_options import bfloat16_is_fast
from ddpt_core.backbone.texts import IGNORED
from ddpt_core.backbone.tokens import readable_tokens
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import ConfigError, DataError, require_range
from ddpt_core.settings import DEFAULT_CONTEXT, MAX_TEMPERATURE, TOP_P, GenerationSettings

POOLED_AT_ONCE = 64  # instructions
ROWS_AT_ONCE = 128  # answers that are sampled side by side

__all__ = [
    "IGNORED",
    "MAX_TEMPERATURE",
    "ROWS_AT_ONCE",
    "TOP_P",
    "FrozenLM",
    "Generation",
    "GenerationSettings",
]


class FrozenLM:
    """A Hugging Face model whose weights never change, read through a context embedding.

    It reads [context (P, D) ; embedding of the instruction] and writes the target, in the way of its architecture. The
    context is the only part that prompts replace: None (instruction alone), (P, D) for all tasks alike, or (B, P, D),
    one for each task.
    """

    def __init__(self, name: str, model, tokenizer):
        self.name, self.model, self.tokenizer = name, model.requires_grad_(False), tokenizer
        self.architecture: Architecture = kind_of(model.config)(model, tokenizer)
        texts = self.architecture.texts
        if given := getattr(model, "generation_config", None):  # none where a kind writes without `generate`
            stored = given.to_dict() | {"eos_token_id": texts.ends or None, "pad_token_id": texts.pad}
            model.generation_config = marks_alone(stored)  # whatever else is stored beside a model has no say

    @property
    def family(self) -> str:
        """What kind of model it is, as transformers calls it: t5, bart, gpt2, llama."""
        return self.model.config.model_type

    @property
    def device(self) -> torch.device:
        """Where the model reads, and where every tensor returned lies."""
        return self.architecture.texts.device

    @property
    def pad(self) -> int:
        """The token that fills up the rows of a batch."""
        return self.architecture.texts.pad

    @property
    def max_tokens(self) -> int:
        """The most instruction or target tokens read; longer texts are cut."""
        return self.architecture.texts.max_tokens

    @cached_property
    def embedding_table(self) -> torch.Tensor:
        """What the model reads for every token, (V, D), float32, on the model's device."""
        embeddings = self.model.get_input_embeddings()
        table, scale = embeddings.weight.detach().float(), getattr(embeddings, "embed_scale", 1.0)
        return table if scale == 1.0 else table * scale  # BART and PLBART scale what they look up

    @cached_property
    def sha256(self) -> str:
        """A digest of all weights by name as they were loaded, whatever the files and devices that hold them."""
        digest = hashlib.sha256()
        for name, value in sorted(self._weights().items()):
            digest.update(name.encode())
            digest.update(value.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _weights(self) -> dict[str, torch.Tensor]:
        if any(parameter.is_meta for parameter in self.model.parameters()):  # device_map put some of them elsewhere
            from accelerate.utils.modeling import get_state_dict_offloaded_model

            return get_state_dict_offloaded_model(self.model)
        return self.model.state_dict()

    def token_strings(self) -> list[str]:
        """Returns the text of each of the V tokens, blanks kept."""
        return readable_tokens(self.tokenizer, len(self.embedding_table))

    def token_ids(self, text: str, length: int | None = None) -> list[int]:
        """Returns the tokens of a context's text; with `length` they are repeated until that many.

        Raises DataError for an empty text, for one of more than `length` tokens, and for tokens without a row.
        """
        ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        if not ids:
            raise DataError("The context is empty; give at least one word.")
        self.architecture.texts.check(max(ids))
        if length is None:
            return ids
        if len(ids) > length:
            raise DataError(_too_long(text, len(ids), length))
        return (ids * -(-length // len(ids)))[:length]

    def embed(self, text: str, length: int | None = None) -> torch.Tensor:
        """Returns the embedding of a context's text, (P, D), with the model's own table."""
        return self.embedding_table[torch.tensor(self.token_ids(text, length), device=self.device)]

    def loss(self, context: torch.Tensor | None, tasks: Sequence[Task], bound: float = 0.0) -> torch.Tensor:
        """Returns the mean cross-entropy of the references' tokens, in nats; differentiable in `context`.

        With `bound` the generalised one (see `bounded`).
        """
        losses, counts = self.summed_losses(context, tasks, bound)
        return losses.sum() / counts.sum()

    def task_losses(self, context: torch.Tensor | None, tasks: Sequence[Task]) -> torch.Tensor:
        """Returns the mean cross-entropy of each task's reference, (B,), in nats per token."""
        losses, counts = self.summed_losses(context, tasks)
        return losses / counts

    def summed_losses(
        self, context: torch.Tensor | None, tasks: Sequence[Task], bound: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns each task's summed cross-entropy (B,), in nats without `bound`, and its number of tokens (B,)."""
        checked = [replace(task, instruction=check_instruction(task.instruction)) for task in tasks]
        return self.architecture.losses(context, checked, bound)

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens as labels (B, L), IGNORED where padded."""
        return self.architecture.target_ids(references)

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the instructions' tokens (B, N) and their mask; raises DataError for an empty one."""
        return self.architecture.instruction_ids([check_instruction(text) for text in instructions])

    @torch.no_grad()
    def pooled(self, instructions: Sequence[str]) -> torch.Tensor:
        """Returns the mean of the last hidden states over each instruction, read without a context, (n, W) float32.

        In batches of POOLED_AT_ONCE instructions of like length; raises DataError for an empty one.
        """
        checked = [check_instruction(text) for text in instructions]
        order = sorted(range(len(checked)), key=lambda i: len(checked[i]))
        batches = [order[start : start + POOLED_AT_ONCE] for start in range(0, len(order), POOLED_AT_ONCE)]
        with self.mixed_precision():
            read = torch.cat([self.architecture.pooled([checked[i] for i in batch]) for batch in batches])
        return torch.empty_like(read).index_copy(0, torch.tensor(order, device=read.device), read)

    @torch.no_grad()
    def generate(
        self, context, instructions: Sequence[str], settings: GenerationSettings | None = None
    ) -> list[Generation]:
        """Returns the code for each instruction, all in one batch: greedy, or by beams."""
        options = (settings or GenerationSettings()).greedy()
        checked = [check_instruction(text) for text in instructions]
        return [self._generation(row) for row in self.architecture.write(context, checked, options)]

    @torch.no_grad()
    def sample(
        self,
        context,
        instructions: Sequence[str],
        n: int,
        temperature: float,
        seed: int = 0,
        settings: GenerationSettings | None = None,
    ) -> list[list[Generation]]:
        """Returns n answers for each instruction, drawn at `temperature` from the likeliest tokens that make up TOP_P.

        The same arguments on the same device draw the same, whatever the global random state, which stays as it was.
        Beams have no effect. In batches of ROWS_AT_ONCE answers, all of one instruction in one of them if they fit.
        """
        require_range("The number of samples", n, 1, 10_000)
        require_range("seed", seed, 0, 2**63 - 1)
        if not 0 < temperature <= MAX_TEMPERATURE:  # also what is no number
            raise ConfigError(f"The temperature must be above 0 and at most {MAX_TEMPERATURE:g}, got {temperature}.")
        settings = settings or GenerationSettings()
        drawn: list[list[Generation]] = [[] for _ in instructions]
        side_by_side = max(1, ROWS_AT_ONCE // n)
        with seeded(self.device, seed):
            for start in range(0, len(instructions), side_by_side):
                batch = [check_instruction(text) for text in instructions[start : start + side_by_side]]
                part = context[start : start + side_by_side] if context is not None and context.ndim == 3 else context
                for before in range(0, n, ROWS_AT_ONCE):
                    count = min(n - before, ROWS_AT_ONCE)
                    written = self.architecture.write(part, batch, settings.sampled(count, temperature))
                    for row, tokens in enumerate(written):  # those of one instruction follow each other
                        drawn[start + row // count].append(self._generation(tokens))
        return drawn

    def _generation(self, row: torch.Tensor) -> Generation:
        """Returns what a row of new tokens says up to its first end mark, which counts as written and is no text."""
        ends = torch.isin(row, row.new_tensor(self.architecture.texts.ends)).nonzero()
        said = row[: int(ends[0])] if len(ends) else row
        text = self.tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Generation(text.strip(), len(said) + (len(ends) > 0))

    def mixed_precision(self):
        """Returns the context manager of training: bfloat16 where the device has its instructions.

        A model that is held in bfloat16 computes in it anyway, and then what learns stays in float32.
        """
        if self.model.dtype == torch.bfloat16 or not bfloat16_is_fast(str(self.device)):
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)


def _too_long(text: str, count: int, length: int) -> str:
    """Returns why a context of `count` tokens does not fit, and what to give instead."""
    if text == DEFAULT_CONTEXT:
        return (
            f"The default context, {text!r}, has {count} tokens with this backbone's tokenizer, but at most {length} "
            f"have room; give a shorter one (--context), or train with more positions (--context-length {count})."
        )
    return (
        f"The context must have at most {length} tokens, got {count}; shorten it, or train with more positions "
        f"(--context-length {count})."
    )
