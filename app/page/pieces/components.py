"""What a part of the page is made of: the components that its handlers return, each with what it shows next."""

from dataclasses import is_dataclass
from typing import Any

from gradio.blocks import Block


def components_of(*held: Any) -> list[Block]:
    """Returns the components that dataclasses and lists hold, in their order."""
    found: list[Block] = []
    for one in held:
        if isinstance(one, Block):
            found.append(one)
        else:
            found += components_of(*(vars(one).values() if is_dataclass(one) else one))
    return found
