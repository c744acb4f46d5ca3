"""Code as tokens, the way CoNaLa's own evaluation splits it; every token metric reads code through this."""

import re

_SYMBOL = re.compile(r"([^A-Za-z0-9_])")
_CAMEL_CASE = re.compile(r"([a-z])([A-Z])")
_ONE_QUOTE = str.maketrans({'"': "`", "'": "`"})


def code_tokens(code: str) -> list[str]:
    """Returns the tokens of `code`: each symbol alone, camelCase split, both quotes written as a backtick.

    White space only separates, so indentation is not seen; `==` is two tokens, and strings are split like
    code. No token holds white space. Source: the tokenizer of Ling et al. 2016 (Latent Predictor Networks),
    as the evaluation script of the CoNaLa challenge applies it to answers and references.
    """
    spaced = _CAMEL_CASE.sub(r"\1 \2", _SYMBOL.sub(r" \1 ", code))
    return spaced.translate(_ONE_QUOTE).split()
