"""Texts as rows of token ids, padded into a batch."""

from collections.abc import Sequence

import torch

from ddpt_core.errors import DataError

IGNORED = -100  # the label that cross-entropy skips
LENGTH_BUCKET = 16  # lengths are padded to multiples of this, so that few shapes occur (bf16 on a CPU needs that)
TEXTS_AT_ONCE = 1_000  # whose tokens are counted
MOST_TOKENS = 512  # of an instruction or a target; longer ones are cut


class Texts:
    """The tokenizer of a model, as batches need it; tensors are on the device of the model's embeddings.

    `ends` are the tokens that end an answer: the tokenizer's end mark and those of the model's generation config, often
    others. `end` is the one that targets are taught to end with, `pad` fills rows up. A mark without a row in the
    table counts as none.
    """

    def __init__(self, model, tokenizer):
        self.tokenizer, self.embeddings = tokenizer, model.get_input_embeddings()
        stored: list[int] | int | None = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
        given = [tokenizer.eos_token_id, *(stored if isinstance(stored, list) else [stored])]
        self.ends: list[int] = [token for token in dict.fromkeys(given) if self.in_table(token)]
        self.end: int | None = self.ends[0] if self.ends else None
        fills = (tokenizer.pad_token_id, self.end)
        self.pad: int = next((token for token in fills if token is not None and self.in_table(token)), 0)

    def in_table(self, token: int | None) -> bool:
        """Returns whether a token, None for none, has a row in the model's table."""
        return token is not None and 0 <= token < len(self.embeddings.weight)

    @property
    def device(self) -> torch.device:
        """Where the embeddings lie, and every tensor returned."""
        return self.embeddings.weight.device

    @property
    def max_tokens(self) -> int:
        """The most instruction or target tokens read; longer texts are cut."""
        return min(self.tokenizer.model_max_length, MOST_TOKENS)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the tokens of each text with the tokenizer's own marks, cut to max_tokens; DataError for no texts."""
        return self._rows(texts, self.max_tokens, marks=True)

    def bare_rows(self, texts: Sequence[str], end: bool = False) -> list[list[int]]:
        """Returns the tokens of each text without marks, or with the end mark alone, cut to max_tokens in all."""
        marks = [self.end] if end and self.end is not None else []
        return [row + marks for row in self._rows(texts, self.max_tokens - len(marks), marks=False)]

    def lengths(self, texts: Sequence[str], marks: bool) -> list[int]:
        """Returns how many tokens each text has before anything is cut, with the tokenizer's own marks or without."""
        counts: list[int] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            part = list(texts[start : start + TEXTS_AT_ONCE])
            counts += map(len, self.tokenizer(part, add_special_tokens=marks, verbose=False)["input_ids"])
        return counts

    def _rows(self, texts: Sequence[str], most: int, marks: bool) -> list[list[int]]:
        if not texts:
            raise DataError("There is no task to read; give at least one.")
        return self.tokenizer(list(texts), truncation=True, max_length=most, add_special_tokens=marks)["input_ids"]

    def padded(
        self, rows: Sequence[Sequence[int]], most: int | None = None, left: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns rows (B, W) and their mask, with W a multiple of LENGTH_BUCKET that is at most `most`."""
        longest = max(map(len, rows))
        width = -(-longest // LENGTH_BUCKET) * LENGTH_BUCKET
        width = max(longest, min(width, most or width))
        gaps = [width - len(row) for row in rows]
        filled = [[self.pad] * g + [*r] if left else [*r] + [self.pad] * g for r, g in zip(rows, gaps, strict=True)]
        there = [[0] * g + [1] * (width - g) if left else [1] * (width - g) + [0] * g for g in gaps]
        self.check(max((token for row in rows for token in row), default=0))
        return torch.tensor(filled, device=self.device), torch.tensor(there, device=self.device)

    def check(self, highest: int) -> None:
        """Raises DataError by name for a token, the highest of some, that the model's table has no row for."""
        rows = len(self.embeddings.weight)
        if highest >= rows:
            raise DataError(
                f"The text holds the token {self.tokenizer.decode([highest])!r} (id {highest:,}), which was added to "
                f"the tokenizer, but the model has {rows:,} embeddings and none for it; leave it out of the text, or "
                "choose a backbone whose table was resized."
            )

    def labels(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        """Returns rows (B, W) as labels, IGNORED where padded."""
        ids, mask = self.padded(rows, self.max_tokens)
        return ids.masked_fill(mask == 0, IGNORED)
