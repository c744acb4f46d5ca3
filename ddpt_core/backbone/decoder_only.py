"""Decoder-only models (GPT-2, CodeGen, Llama, Qwen2, StarCoder2, SmolLM): one sequence holds context and target."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ddpt_core.backbone.architecture import Architecture, check_positions, mean_where, most_positions, one_for_each
from ddpt_core.backbone.generation import seeing_prompts
from ddpt_core.backbone.texts import IGNORED, Texts
from ddpt_core.errors import BackboneError, first_line

SEPARATOR = "\n"  # between instruction and target where no chat template says how an answer begins
PLACE = "USER_TEXT"  # stands for context and instruction while a chat template is split; no template holds it
WORTH_SHARING = 8  # positions; the pass that reads fewer once costs more than it saves
TEMPLATE_DATE = "26 Jul 2024"  # Llama 3's templates would write today's, and every day another loss


class DecoderOnly(Architecture):
    """The model reads [head ; context ; instruction ; tail ; target ; end mark].

    With a chat template, head is all that stands before what the user says and tail all between that and the answer:
    context and instruction are both inside the user's turn, as a person would put them. Without one, head is the mark
    of beginning if the tokenizer sets one, and tail a line break.
    """

    kind, spoken, loader = "decoder-only", "a decoder", "AutoModelForCausalLM"
    families = (
        "gpt2", "gptj", "gpt_neox", "gpt_bigcode", "codegen", "bloom", "opt", "falcon",
        "llama", "mistral", "ministral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "starcoder2", "smollm3",
        "gemma", "gemma2", "gemma3_text", "phi", "phi3", "stablelm", "olmo", "olmo2", "olmo3", "cohere", "cohere2",
        "granite", "granitemoe", "glm", "glm4", "seed_oss",
    )  # fmt: skip

    def __init__(self, model, tokenizer):
        self.model, self.texts, self.most = model, Texts(model, tokenizer), most_positions(model.config)
        self.head, self.tail = _frame(tokenizer)
        self.window: int | None = getattr(model.config, "sliding_window", None)
        takes = inspect.signature(model.forward).parameters
        self.keeps, self.placed = "logits_to_keep" in takes, "position_ids" in takes

    @classmethod
    def reads(cls, config) -> bool:
        """Returns whether the model that reads a context is the one that writes."""
        return not config.is_encoder_decoder

    @property
    def layers(self) -> str:
        """How many layers there are."""
        return f"{self.model.config.num_hidden_layers} decoder"

    @property
    def reach(self) -> str:
        """What a context can reach."""
        return f"every one of the {self.model.config.num_hidden_layers} layers, through self-attention"

    @property
    def has_chat_template(self) -> bool:
        """Whether a chat template says how an answer begins."""
        return bool(getattr(self.texts.tokenizer, "chat_template", None))

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the tokens (B, N) of instructions and tail, and their mask."""
        return self.texts.padded(self._after_context(instructions))

    def pooled(self, instructions: Sequence[str]) -> torch.Tensor:
        """Returns the mean of the last hidden states over each instruction and tail, behind the head, (B, W)."""
        inputs = self.inputs(None, self._after_context(instructions))
        mask = inputs["attention_mask"]
        read = self.model.base_model(**inputs, **self._at((mask.cumsum(1) - 1).clamp_min(0)), use_cache=False)
        return mean_where(read.last_hidden_state, (mask > 0) & (mask.cumsum(1) > len(self.head)))

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens and the end mark as labels (B, L), IGNORED where padded."""
        return self.texts.labels(self.texts.bare_rows(references, end=True))

    def instruction_lengths(self, instructions: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, without marks."""
        return self.texts.lengths(instructions, marks=False)

    def target_lengths(self, references: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, with the end mark."""
        end = 0 if self.texts.tokenizer.eos_token_id is None else 1
        return [length + end for length in self.texts.lengths(references, marks=False)]

    def _after_context(self, instructions: Sequence[str]) -> list[list[int]]:
        return [row + self.tail for row in self.texts.bare_rows(instructions)]

    def inputs(
        self, context: torch.Tensor | None, rows: Sequence[Sequence[int]], new: int = 0
    ) -> dict[str, torch.Tensor]:
        """Returns embeddings (B,H+P+N,D) and mask of [head ; context ; padding ; row].

        So head and context stand in the same columns of all rows, and all rows end in the last one. Raises DataError if
        these and `new` tokens to be written have no room in the model's positions.
        """
        places = len(self.head) + (0 if context is None else context.shape[-2])
        check_positions("Context, instruction and answer", places + max(map(len, rows)) + new, self.most)
        ids, mask = self.texts.padded(rows, None if self.most is None else self.most - new - places, left=True)
        parts = [self.texts.embeddings(ids)]  # (B,N,D)
        if context is not None:
            parts.insert(0, one_for_each(context, len(ids), parts[0].shape[2]).to(parts[0]))  # (B,P,D)
        if self.head:
            head = torch.tensor(self.head, device=ids.device)
            parts.insert(0, self.texts.embeddings(head).expand(len(ids), -1, -1))  # (B,H,D)
        embedded, mask = torch.cat(parts, 1), torch.cat([mask.new_ones(len(ids), places), mask], 1)
        if self.window and mask.shape[1] + new > self.window:  # it counts columns, so padding has to stand before all
            order = mask.argsort(dim=1, stable=True)
            embedded, mask = embedded.gather(1, order[..., None].expand_as(embedded)), mask.gather(1, order)
        return {"inputs_embeds": embedded, "attention_mask": mask}

    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the logits (B,L,V) of the targets alone, and the labels (B,L), IGNORED before shorter targets."""
        targets = self.texts.bare_rows(references, end=True)
        inputs = self.inputs(context, [b + t for b, t in zip(self._after_context(instructions), targets, strict=True)])
        positions = (inputs["attention_mask"].cumsum(1) - 1).clamp_min(0)
        if shared := self._read_once(context, **inputs):
            start = shared.get_seq_length()
            inputs["inputs_embeds"], positions = inputs["inputs_embeds"][:, start:], positions[:, start:]
            inputs |= {"past_key_values": shared}
        asked = max(map(len, targets)) + 1  # a position's logits are those of the token after it
        width = positions.shape[1]
        # As places and not as a number: a slice is not contiguous, and then the head is copied for every row.
        kept = {"logits_to_keep": torch.arange(width - asked, width, device=positions.device)} if self.keeps else {}
        logits = self.model(**inputs, **self._at(positions), use_cache=shared is not None, **kept).logits
        labels = [[IGNORED] * (asked - 1 - len(row)) + row for row in targets]
        return logits[:, -asked:-1], torch.tensor(labels, device=self.texts.device)

    def through_layers(self, context: torch.Tensor, instruction: str) -> torch.Tensor:
        """Returns the hidden states of the context after the head (L+1, P, W), as each layer leaves them.

        No token behind the context changes them. transformers' own last ones have been through the final norm as well.
        """
        head = torch.tensor(self.head, dtype=torch.long, device=self.texts.device)
        vectors = self.texts.embeddings(head)
        read = torch.cat([vectors, context.to(vectors)])[None]  # (H,D) + (P,D) -> (1,H+P,D)
        check_positions("The context", read.shape[1], self.most)
        ends: list[torch.Tensor] = []

        def keep(layer, given, output) -> None:
            ends.append(output[0] if isinstance(output, tuple) else output)

        with self._after_the_last_layer(keep):
            states = self.model(inputs_embeds=read, output_hidden_states=True, use_cache=False).hidden_states
        return torch.stack([*states[:-1], ends[0].view_as(states[0])])[:, 0, len(self.head) :]

    def read_out(self, hidden: torch.Tensor) -> torch.Tensor:
        """Returns the logits (n, P, V): a pass in which hidden states (n, P, W) take the place of the last layer's."""

        def replace(layer, given, output):
            own = output[0] if isinstance(output, tuple) else output
            other = hidden.to(own).view_as(own)
            return (other, *output[1:]) if isinstance(output, tuple) else other

        blank = hidden.new_zeros(*hidden.shape[:2], self.texts.embeddings.weight.shape[1])
        with self._after_the_last_layer(replace):
            return self.model(inputs_embeds=blank.to(self.texts.embeddings.weight), use_cache=False).logits

    @contextmanager
    def _after_the_last_layer(self, hook: Callable[..., Any]) -> Iterator[None]:
        """Calls a hook of torch's after the last of the layers; what follows them is the model's own."""
        count = self.model.config.num_hidden_layers
        lists = (module for module in self.model.modules() if isinstance(module, torch.nn.ModuleList))
        layers = next(found for found in lists if len(found) == count)
        handle = layers[-1].register_forward_hook(hook)
        try:
            yield
        finally:
            handle.remove()

    def _at(self, positions: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns the argument that tells a model where its tokens stand, if it takes one (BLOOM reads the mask)."""
        return {"position_ids": positions} if self.placed else {}

    def _read_once(
        self, context: torch.Tensor | None, inputs_embeds: torch.Tensor, attention_mask: torch.Tensor
    ) -> Any | None:
        """Returns keys and values of what all rows (B,...,D) begin with alike, None where that saves nothing.

        The head is the same for all tasks, and so is a context (P, D): read once, they are differentiable like the
        rest.
        """
        length = len(self.head) + (context.shape[0] if context is not None and context.ndim == 2 else 0)
        rows = len(inputs_embeds)
        if length < WORTH_SHARING or rows == 1 or not attention_mask[:, :length].all():
            return None
        kept = {"logits_to_keep": 1} if self.keeps else {}
        beginning = inputs_embeds[:1, :length]
        positions = torch.arange(length, device=beginning.device)[None]
        read = self.model(inputs_embeds=beginning, **self._at(positions), use_cache=True, **kept).past_key_values
        read.batch_repeat_interleave(rows)
        return read

    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction, all in one batch.

        What must not be repeated includes all that the model reads but the context, which has no tokens.
        """
        rows = self._after_context(instructions)
        inputs = self.inputs(context, rows, options["max_new_tokens"])
        options = seeing_prompts(options, [[*self.head, *row] for row in rows])
        one_each = options.get("num_beams", 1) == options.get("num_return_sequences", 1) == 1
        if one_each and (shared := self._read_once(context, **inputs)):
            options |= {"past_key_values": shared}
        return list(self.model.generate(**inputs, pad_token_id=self.texts.pad, **options))


def _frame(tokenizer) -> tuple[list[int], list[int]]:
    """Returns the tokens before the context and those between instruction and target."""
    bare = {"add_special_tokens": False}
    if not getattr(tokenizer, "chat_template", None):
        begins = tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id]
        return [tokenizer.bos_token_id] if begins else [], tokenizer(SEPARATOR, **bare)["input_ids"]
    try:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": PLACE}],
            tokenize=False,
            add_generation_prompt=True,
            date_string=TEMPLATE_DATE,
        )
        before, after = text.split(PLACE)
    except Exception as error:  # a template is a program of whoever made the model
        raise BackboneError(
            f"The chat template of the backbone does not take one message of a user ({first_line(error)}); choose "
            "another backbone, or remove the template from its tokenizer."
        ) from error
    return tokenizer(before, **bare)["input_ids"], tokenizer(after, **bare)["input_ids"]
