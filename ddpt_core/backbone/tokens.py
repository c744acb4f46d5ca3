"""Tokens as a person reads them."""

from functools import lru_cache


@lru_cache(maxsize=1)
def _byte_of_character() -> dict[str, int]:
    """Returns the byte that each character of a byte-level vocabulary stands for (GPT-2's table)."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}


def readable_tokens(tokenizer, rows: int) -> list[str]:
    """Returns the text of each of `rows` token ids, blanks kept; `<unused 7>` where the tokenizer knows none.

    A model's table often has more rows than its tokenizer has tokens (CodeT5+: 32,100). Bytes that are no character
    by themselves read `\\xe2`.
    """
    known = tokens_by_id(tokenizer)
    special = set(tokenizer.all_special_tokens)
    byte_level = "Ġ" in tokenizer.get_vocab()
    texts = []
    for i in range(rows):
        token = known.get(i)
        if token is None:
            texts.append(f"<unused {i}>")
        elif token in special or not byte_level:
            texts.append(token.replace("▁", " "))
        else:
            texts.append(_from_bytes(token))
    return texts


def tokens_by_id(tokenizer) -> dict[int, str]:
    """Returns id -> token of all that a tokenizer knows; ids may have holes and reach beyond the number of tokens."""
    added = {i: str(token) for i, token in tokenizer.added_tokens_decoder.items()}
    return {i: token for token, i in tokenizer.get_vocab().items()} | added


def unused_rows(tokenizer, rows: int) -> list[int]:
    """Returns the rows of a table, ascending, that no token uses."""
    return sorted(set(range(rows)) - set(tokens_by_id(tokenizer)))


def tokens_beyond(tokenizer, rows: int) -> list[str]:
    """Returns the tokens, by id, that a table of `rows` embeddings has no row for."""
    return [token for i, token in sorted(tokens_by_id(tokenizer).items()) if i >= rows]


def _from_bytes(token: str) -> str:
    table = _byte_of_character()
    if not all(character in table for character in token):
        return token
    return bytes(table[c] for c in token).decode("utf-8", errors="backslashreplace")
