"""CodeT5+ 2B, 6B and 16B, which come with code of their own: their decoder reads the instruction as well."""

from collections.abc import Sequence
from typing import Any

import torch

from ddpt_core.backbone.architecture import check_positions, most_positions
from ddpt_core.backbone.encoder_decoder import EncoderDecoder
from ddpt_core.backbone.texts import IGNORED


class PromptedDecoder(EncoderDecoder):
    """The encoder reads [context ; instruction], the decoder [start ; instruction] and then the target.

    So the authors trained it (salesforce/CodeT5, instruct_tune_codet5p.py). A context reaches the encoder alone: the
    decoder's embeddings have another width, and its tokens are ids, which a learned vector has not.
    """

    families = ()  # its code comes with it, and is tried out once it is loaded

    @classmethod
    def reads(cls, config) -> bool:
        """Returns whether it is CodeT5+ with code of its own."""
        return config.model_type == "codet5p"

    def __init__(self, model, tokenizer):
        super().__init__(model, tokenizer)
        config = model.config
        self.most, self.decoder_most = most_positions(config.encoder), most_positions(config.decoder)
        given = (config.decoder_start_token_id, config.pad_token_id, self.texts.pad)
        self.start: int = next(token for token in given if token is not None)

    @property
    def layers(self) -> str:
        """How many layers there are."""
        config = self.model.config
        return f"{config.encoder.num_hidden_layers} encoder, {config.decoder.num_hidden_layers} decoder"

    @property
    def reach(self) -> str:
        """What a context can reach: the decoder has cross-attention in its last layer alone."""
        count, layers = self._layers_with_cross_attention(), self.model.config.decoder.num_hidden_layers
        seen = "only the decoder's last layer has" if count == 1 else f"{count} of the decoder's {layers} layers have"
        return f"the encoder's input; {seen} cross-attention; the decoder reads the instruction by itself"

    def target_ids(self, references: Sequence[str]) -> torch.Tensor:
        """Returns the references' tokens and the end mark as labels (B, L), IGNORED where padded."""
        return self.texts.labels(self.texts.bare_rows(references, end=True))

    def score(
        self, context: torch.Tensor | None, instructions: Sequence[str], references: Sequence[str]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the decoder's logits (B,N+L,V) and labels (B,N+L), IGNORED over the instruction."""
        before = self.texts.bare_rows(instructions)
        targets = self.texts.bare_rows(references, end=True)
        rows = [[self.start, *b, *t] for b, t in zip(before, targets, strict=True)]
        check_positions("Instruction and target", max(map(len, rows)) - 1, self.decoder_most)
        read, mask = self.texts.padded([row[:-1] for row in rows], self.decoder_most)
        asked_of = [[IGNORED] * len(b) + t for b, t in zip(before, targets, strict=True)]
        width = read.shape[1]
        labels = torch.tensor([row + [IGNORED] * (width - len(row)) for row in asked_of], device=read.device)
        inputs = self.inputs(context, instructions)
        logits = self.model(**inputs, decoder_input_ids=read, decoder_attention_mask=mask, use_cache=False).logits
        return logits, labels

    def write(
        self, context: torch.Tensor | None, instructions: Sequence[str], options: dict[str, Any]
    ) -> list[torch.Tensor]:
        """Returns the tokens written for each instruction; those whose decoder reads equally many in one batch.

        Its generation takes neither mask nor positions for the decoder, so nothing there may be padded.
        """
        rows = [[self.start, *row] for row in self.texts.bare_rows(instructions)]
        check_positions("Instruction and answer", max(map(len, rows)) + options["max_new_tokens"], self.decoder_most)
        each = options.get("num_return_sequences", 1)
        written: dict[int, list[torch.Tensor]] = {}
        for length in sorted({len(row) for row in rows}):
            places = [place for place, row in enumerate(rows) if len(row) == length]
            own = context[places] if context is not None and context.ndim == 3 else context
            inputs = self.inputs(own, [instructions[place] for place in places])
            read = torch.tensor([rows[place] for place in places], device=self.texts.device)
            new = self.model.generate(**inputs, decoder_input_ids=read, **options)[:, length:]
            written |= {place: list(new[i * each : (i + 1) * each]) for i, place in enumerate(places)}
        return [tokens for place in range(len(rows)) for tokens in written[place]]
