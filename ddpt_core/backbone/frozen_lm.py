"""The frozen code LLM: embeds a context's text, scores tasks and generates code from a context embedding."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F

from ddpt_core.backbone.tokens import readable_tokens
from ddpt_core.data.task import Task, check_instruction
from ddpt_core.errors import ConfigError, DataError, require_range

IGNORED = -100  # the label that cross-entropy skips
ROWS_AT_ONCE = 128  # answers that are sampled side by side
MAX_TEMPERATURE = 2.0  # above it the text is noise
TOP_P = 0.95  # of sampling, as in Chen et al. 2021 (arXiv 2107.03374), section 3.2
LENGTH_BUCKET = 16  # lengths are padded to multiples of this, so that few shapes occur (bf16 on a CPU needs that)


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


@dataclass(frozen=True)
class Generation:
    """Code that the backbone wrote, and of how many tokens."""

    text: str
    tokens: int


class FrozenLM:
    """A Hugging Face encoder-decoder whose weights never change, read through a context embedding.

    Input is [context (P, D) ; embedding of the instruction]; the context is the only part that prompts replace.
    A context may be None (instruction alone), (P, D) for all tasks alike, or (B, P, D), one for each task.
    """

    def __init__(self, name: str, model, tokenizer):
        self.name, self.model, self.tokenizer = name, model.requires_grad_(False), tokenizer
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0

    @property
    def device(self) -> torch.device:
        """The device of the model, and of every tensor returned."""
        return self.model.device

    @property
    def embedding_table(self) -> torch.Tensor:
        """What the encoder reads for every token, (V, D), float32, on the model's device."""
        embeddings = self.model.get_input_embeddings()
        table, scale = embeddings.weight.detach(), getattr(embeddings, "embed_scale", 1.0)  # BART and PLBART scale
        return table if scale == 1.0 else table * scale

    @cached_property
    def sha256(self) -> str:
        """A digest of all weights by name, the same wherever and however they are stored."""
        digest = hashlib.sha256()
        for name, value in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
        return digest.hexdigest()

    def token_strings(self) -> list[str]:
        """Returns the text of each of the V tokens, blanks kept."""
        return readable_tokens(self.tokenizer, len(self.embedding_table))

    def token_ids(self, text: str, length: int | None = None) -> list[int]:
        """Returns the tokens of a context's text; with `length` they are repeated until that many.

        Raises DataError for an empty text and for one of more than `length` tokens.
        """
        ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        if not ids:
            raise DataError("The context is empty; give at least one word.")
        if length is None:
            return ids
        if len(ids) > length:
            raise DataError(f"The context must have at most {length} tokens, got {len(ids)}; shorten it.")
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
        inputs, mask = self._inputs(context, [task.instruction for task in tasks])
        labels = self.target_ids([task.reference for task in tasks])
        logits = self.model(inputs_embeds=inputs, attention_mask=mask, labels=labels).logits  # (B,L,V)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
        return bounded(losses, bound).view_as(labels).sum(1), (labels != IGNORED).sum(1)

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens as labels (B, L), IGNORED where padded."""
        ids, mask = self._padded(list(references))
        return ids.masked_fill(mask == 0, IGNORED)

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the instructions' tokens (B, N) and their mask; raises DataError for an empty or overlong one."""
        return self._padded([check_instruction(text) for text in instructions])

    def _padded(self, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        if not texts:
            raise DataError("There is no task to read; give at least one.")
        rows = self.tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
        longest = max(map(len, rows))
        width = min(-(-longest // LENGTH_BUCKET) * LENGTH_BUCKET, self.max_tokens)
        ids = torch.tensor([row + [self.pad] * (width - len(row)) for row in rows], device=self.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=self.device)
        return ids, mask

    @property
    def max_tokens(self) -> int:
        """The most instruction or target tokens read; longer texts are cut."""
        return min(self.tokenizer.model_max_length, 512)

    def _inputs(self, context, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns input embeddings and mask; (B,P,D) + (B,N,D) -> (B,P+N,D)."""
        ids, mask = self.instruction_ids(instructions)
        embedded = self.embedding_table[ids]
        if context is None:
            return embedded, mask
        if context.ndim == 2:
            context = context.expand(len(ids), -1, -1)
        if context.shape[0] != len(ids) or context.shape[2] != embedded.shape[2]:
            raise ConfigError(
                f"The context must have shape (P, {embedded.shape[2]}) or ({len(ids)}, P, {embedded.shape[2]}), "
                f"got {tuple(context.shape)}."
            )
        ones = mask.new_ones(context.shape[:2])
        return torch.cat([context.to(embedded), embedded], 1), torch.cat([ones, mask], 1)

    @torch.no_grad()
    def generate(
        self, context, instructions: Sequence[str], settings: GenerationSettings | None = None
    ) -> list[Generation]:
        """Returns the code for each instruction, all in one batch: greedy, or by beams."""
        settings = settings or GenerationSettings()
        inputs, mask = self._inputs(context, instructions)
        written = self.model.generate(
            inputs_embeds=inputs,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=settings.max_new_tokens,
            num_beams=settings.num_beams,
            repetition_penalty=settings.repetition_penalty,
            no_repeat_ngram_size=settings.no_repeat_ngram_size,
        )[:, 1:]  # the first is the decoder's start token
        return [self._generation(row) for row in written]

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
        with _seeded(self.device, seed):
            for start in range(0, len(instructions), side_by_side):
                batch = instructions[start : start + side_by_side]
                part = context[start : start + side_by_side] if context is not None and context.ndim == 3 else context
                inputs, mask = self._inputs(part, batch)
                for before in range(0, n, ROWS_AT_ONCE):
                    count = min(n - before, ROWS_AT_ONCE)
                    written = self.model.generate(
                        inputs_embeds=inputs,
                        attention_mask=mask,
                        do_sample=True,
                        num_return_sequences=count,
                        temperature=temperature,
                        top_p=TOP_P,
                        top_k=0,  # off; it is 50 by default
                        num_beams=1,
                        max_new_tokens=settings.max_new_tokens,
                        repetition_penalty=settings.repetition_penalty,
                        no_repeat_ngram_size=settings.no_repeat_ngram_size,
                    )[:, 1:]
                    for row, tokens in enumerate(written):  # those of one instruction follow each other
                        drawn[start + row // count].append(self._generation(tokens))
        return drawn

    def _generation(self, row: torch.Tensor) -> Generation:
        text = self.tokenizer.decode(row, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Generation(text.strip(), int((row != self.pad).sum()))

    def mixed_precision(self):
        """Returns the context manager of training: bfloat16 where the device has its instructions (2.3x on CPUs)."""
        kind = self.device.type
        fast = torch.cuda.is_bf16_supported() if kind == "cuda" else torch.cpu._is_avx512_bf16_supported()
        return torch.autocast(kind, torch.bfloat16) if fast else nullcontext()


def bounded(losses: torch.Tensor, bound: float) -> torch.Tensor:
    """Returns the generalised cross-entropy (1 - p^q) / q of tokens, given -ln p and q = `bound`; -ln p itself for 0.

    Zhang and Sabuncu 2018, arXiv 1805.07836, eq. 6. A token that the model cannot guess costs at most 1/q and pulls
    little, where its cross-entropy would outweigh all those that a better context could set right.
    """
    return (1 - torch.exp(-bound * losses)) / bound if bound else losses


@contextmanager
def _seeded(device: torch.device, seed: int) -> Iterator[None]:
    """Starts the random numbers of the CPU and of `device` from `seed`; leaves them as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reach devices that are not put back
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
