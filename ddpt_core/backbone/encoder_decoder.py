"""Encoder-decoder models (T5, CodeT5+, BART, PLBART): the encoder reads the context, the decoder writes the target."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from ddpt_core.backbone.architecture import Architecture, check_positions, mean_where, most_positions, one_for_each
from ddpt_core.backbone.texts import IGNORED, Texts
from ddpt_core.errors import BackboneError

CROSS_ATTENTION = ("EncDecAttention", "encoder_attn", "crossattention")  # its names in T5, BART and CodeT5+ 2B


class EncoderDecoder(Architecture):
    """The encoder reads [context ; instruction and the tokenizer's marks], the decoder starts with its start token."""

    kind, spoken, loader = "encoder-decoder", "an encoder-decoder", "AutoModelForSeq2SeqLM"
    families: ClassVar[tuple[str, ...]] = (
        "t5",
        "mt5",
        "umt5",
        "longt5",
        "switch_transformers",
        "bart",
        "mbart",
        "plbart",
    )

    def __init__(self, model, tokenizer):
        self.model, self.texts, self.most = model, Texts(model, tokenizer), most_positions(model.config)
        if not self.texts.in_table(model.config.pad_token_id):  # the decoder reads it where labels are IGNORED
            model.config.pad_token_id = self.texts.pad

    @classmethod
    def reads(cls, config) -> bool:
        """Returns whether an encoder reads, and a decoder writes."""
        return config.is_encoder_decoder

    @classmethod
    def settle(cls, name: str, config, marks) -> None:
        """Gives a config the token that starts the decoder where the generation config alone has one.

        Raises BackboneError where neither has and the decoder needs one; mBART and PLBART start with a mark of the
        text.
        """
        if getattr(config, "decoder_start_token_id", None) is None:
            config.decoder_start_token_id = marks.decoder_start_token_id
        if config.decoder_start_token_id is None and config.model_type not in ("mbart", "plbart"):
            raise BackboneError(
                f"The config of {name!r} does not say which token starts the decoder; set decoder_start_token_id in "
                "its config.json (T5 uses the padding token, BART the end mark)."
            )

    @property
    def layers(self) -> str:
        """How many layers there are."""
        config = self.model.config
        encoder = getattr(config, "encoder_layers", None) or config.num_layers
        decoder = getattr(config, "decoder_layers", None) or config.num_decoder_layers
        return f"{encoder} encoder, {decoder} decoder"

    @property
    def reach(self) -> str:
        """What a context can reach, from the layers that have cross-attention."""
        count = self._layers_with_cross_attention()
        return f"the encoder's input; the decoder sees it by cross-attention in all {count} layers"

    def _layers_with_cross_attention(self) -> int:
        return sum(name.endswith(CROSS_ATTENTION) for name, _ in self.model.named_modules())

    def instruction_ids(self, instructions: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the instructions' tokens (B, N) and their mask."""
        return self.texts.padded(self.texts.rows(instructions), self.texts.max_tokens)

    def pooled(self, instructions: Sequence[str]) -> torch.Tensor:
        """Returns the mean of the encoder's last hidden states over each instruction, (B, W)."""
        inputs = self.inputs(None, instructions)
        return mean_where(self.model.get_encoder()(**inputs).last_hidden_state, inputs["attention_mask"])

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens as labels (B, L), IGNORED where padded."""
        return self.texts.labels(self.texts.rows(references))

    def instruction_lengths(self, instructions: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, with the tokenizer's own marks."""
        return self.texts.lengths(instructions, marks=True)

    def target_lengths(self, references: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, with the tokenizer's own marks."""
        return self.texts.lengths(references, marks=True)

    def beside(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns a beginning for the decoder."""
        return {"decoder_input_ids": ids[:, :2]}

    def inputs(self, context: torch.Tensor | None, instructions: Sequence[str]) -> dict[str, torch.Tensor]:
        """Returns what the encoder reads: embeddings (B,P+N,D) and mask."""
        rows, most = self.texts.rows(instructions), self.texts.max_tokens
        positions = 0 if context is None else context.shape[-2]
        if self.most is not None:
            check_positions("Context and instruction", positions + max(map(len, rows)), self.most)
            most = min(most, self.most - positions)
        ids, mask = self.texts.padded(rows, most)
        embedded = self.texts.embeddings(ids)  # by the model's own module: BART's multiplies by a scale
        if context is None:
            return {"inputs_embeds": embedded, "attention_mask": mask}
        context = one_for_each(context, len(ids), embedded.shape[2])
        embedded = torch.cat([context.to(embedded), embedded], 1)  # (B,P,D) + (B,N,D) -> (B,P+N,D)
        return {"inputs_embeds": embedded, "attention_mask": torch.cat([mask.new_ones(context.shape[:2]), mask], 1)}

    def through_layers(self, context: torch.Tensor, instruction: str) -> torch.Tensor:
        """Returns the encoder's hidden states of the context before the instruction, (L+1, P, D)."""
        read = self.model.get_encoder()(**self.inputs(context, [instruction]), output_hidden_states=True)
        return torch.stack(read.hidden_states)[:, 0, : len(context)]

    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the decoder's logits (B,L,V) and the labels (B,L)."""
        inputs, labels = self.inputs(context, instructions), self.target_ids(references)
        if self.most is not None:
            check_positions("The target", int((labels != IGNORED).sum(1).max()), self.most)
        shifted = self.model.prepare_decoder_input_ids_from_labels(labels)  # with labels it would compute a loss too
        return self.model(**inputs, decoder_input_ids=shifted, use_cache=False).logits, labels

    def _start(self) -> int:
        """Returns the token that the decoder starts with: the model's, else the one that targets are scored after."""
        given = self.model.generation_config.decoder_start_token_id
        if given is not None:
            return given
        return int(self.model.prepare_decoder_input_ids_from_labels(self.target_ids(["a"]))[0, 0])

    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction, all in one batch."""
        check_positions("The answer", 1 + options["max_new_tokens"], self.most)
        start = {"decoder_start_token_id": self._start()}
        written = self.model.generate(**self.inputs(context, instructions), **start, **options)
        return list(written[:, 1:])  # the first is the decoder's start token
