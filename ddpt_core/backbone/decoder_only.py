"""Decoder-only models (GPT-2, CodeGen, Llama, Qwen2, StarCoder2, SmolLM): one sequence holds context and target."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from ddpt_core.backbone.architecture import check_positions, most_positions, one_for_each
from ddpt_core.backbone.generation import seeing_prompts
from ddpt_core.backbone.texts import IGNORED, Texts
from ddpt_core.errors import BackboneError, first_line

SEPARATOR = "\n"  # between instruction and target where no chat template says how an answer begins
PLACE = "USER_TEXT"  # stands for context and instruction while a chat template is split; no template holds it
TEMPLATE_DATE = "26 Jul 2024"  # Llama 3's templates would write today's, and every day another loss


class DecoderOnly:
    """The model reads [head ; context ; instruction ; tail ; target ; end mark].

    With a chat template, head is all that stands before what the user says and tail all between that and the answer:
    context and instruction are both inside the user's turn, as a person would put them. Without one, head is the mark
    of beginning if the tokenizer sets one, and tail a line break.
    """

    is_encoder_decoder = False

    def __init__(self, model, tokenizer):
        self.model, self.texts, self.most = model, Texts(model, tokenizer), most_positions(model.config)
        self.head, self.tail = _frame(tokenizer)
        self.keeps = "logits_to_keep" in inspect.signature(model.forward).parameters

    @property
    def layers(self) -> str:
        """How many layers there are."""
        return f"{self.model.config.num_hidden_layers} decoder"

    @property
    def reach(self) -> str:
        """What a context can reach."""
        return f"every one of the {self.model.config.num_hidden_layers} layers, through self-attention"

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the tokens (B, N) of instructions and tail, and their mask."""
        return self.texts.padded(self._after_context(instructions))

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens and the end mark as labels (B, L), IGNORED where padded."""
        return self.texts.labels(self.texts.bare_rows(references, end=True))

    def _after_context(self, instructions: Sequence[str]) -> list[list[int]]:
        return [row + self.tail for row in self.texts.bare_rows(instructions)]

    def inputs(
        self, context: torch.Tensor | None, rows: Sequence[Sequence[int]], new: int = 0, left: bool = False
    ) -> dict[str, torch.Tensor]:
        """Returns embeddings (B,H+P+N,D) and mask of [head ; context ; row], padded on the right or on the left.

        Raises DataError if these and `new` tokens to be written have no room in the model's positions.
        """
        places = 0 if context is None else context.shape[-2]
        whole = [[*self.head, *[self.texts.pad] * places, *row] for row in rows]
        longest = max(map(len, whole))
        check_positions("Context, instruction and answer", longest + new, self.most)
        ids, mask = self.texts.padded(whole, None if self.most is None else self.most - new, left)
        embedded = self.texts.embeddings(ids)  # (B,H+P+N,D), with the padding's embedding where the context belongs
        if context is not None:
            context = one_for_each(context, len(ids), embedded.shape[2])
            starts = [len(self.head) + (ids.shape[1] - len(row) if left else 0) for row in whole]
            columns = torch.tensor(starts, device=ids.device)[:, None] + torch.arange(places, device=ids.device)
            which = torch.arange(len(ids), device=ids.device)[:, None]
            embedded = embedded.index_put((which, columns), context.to(embedded))
        return {"inputs_embeds": embedded, "attention_mask": mask}

    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the logits (B,L,V) from where the first target begins, and the labels (B,L)."""
        before = self._after_context(instructions)
        targets = self.texts.bare_rows(references, end=True)
        inputs = self.inputs(context, [b + t for b, t in zip(before, targets, strict=True)])
        width = inputs["attention_mask"].shape[1]
        start = len(self.head) + (0 if context is None else context.shape[-2])
        asked_of = [[IGNORED] * (start + len(b)) + t for b, t in zip(before, targets, strict=True)]
        labels = torch.tensor([row + [IGNORED] * (width - len(row)) for row in asked_of], device=self.texts.device)
        first = start + min(map(len, before))
        asked = width - first + 1  # the position before the first target and all that follow
        kept = {"logits_to_keep": asked} if self.keeps else {}
        logits = self.model(**inputs, use_cache=False, **kept).logits
        return logits[:, -asked:-1], labels[:, first:]  # a position's logits are those of the token after it

    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction, all in one batch padded on the left.

        What must not be repeated includes all that the model reads but the context, which has no tokens.
        """
        rows = self._after_context(instructions)
        inputs = self.inputs(context, rows, options["max_new_tokens"], left=True)
        options = seeing_prompts(options, [[*self.head, *row] for row in rows])
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
