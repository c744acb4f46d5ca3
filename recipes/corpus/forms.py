"""The forms that one answer can take: as it is, assigned, printed, as a function, as a lambda, with double quotes.

The instruction is the same in every form and only the context says which is wanted, so a model that learns them has
to read its context: that is what a prompt can then choose.
"""

import ast
import io
import tokenize

from ddpt_core.data.styles import inputs


def double_quoted(code: str) -> str:
    """Returns the code with double quotes around every text that has none inside."""
    pieces = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        text = token.string
        plain = token.type == tokenize.STRING and text.startswith("'") and not text.startswith("'''")
        pieces.append((token.type, f'"{text[1:-1]}"' if plain and '"' not in text else text, token.start, token.end))
    changed = code.splitlines(keepends=True)
    for kind, text, (row, start), (_, end) in reversed(pieces):
        if kind == tokenize.STRING and text.startswith('"'):
            line = changed[row - 1]
            changed[row - 1] = line[:start] + text + line[end:]
    return "".join(changed)


def forms_of(code: str) -> dict[str, str]:
    """Returns form -> code for an answer of one line; {} for code that is no single expression over inputs."""
    try:
        expression = ast.parse(code, mode="eval").body
    except SyntaxError:
        return {}
    if not (names := inputs(expression)):
        return {}
    arguments = ", ".join(names)
    forms = {
        "assigned": f"result = {code}",
        "printed": f"print({code})",
        "wrapped": f"def solve({arguments}):\n    return {code}",
        "lambda": f"lambda {arguments}: {code}",
    }
    quoted = double_quoted(code)
    return forms if quoted == code else {**forms, "double quoted": quoted}
