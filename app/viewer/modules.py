"""Modules of JavaScript as one script: what a component may bring is the body of a function, which imports nothing.

A module lies in a file of its own and is what a browser would take: `import { a, b } from "./other.js";` at its top,
`export` before what others use. All end up in one scope, so no two give the same name to what stands at their top.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{ (\w+(?:, \w+)*) \} from "(\.\.?/[^"]+)";\n+', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)
_LEFT = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)


def joined(entry: Path) -> str:
    """Returns the script of `entry` and of all that it needs, each file once, with neither imports nor exports.

    Raises ValueError for a ring of imports, and for a form of import or export that cannot be taken off.
    """
    return "\n".join(_bare(module) for module in ordered(entry))


def ordered(entry: Path) -> list[Path]:
    """Returns `entry` and the modules that it needs, each after those that it imports itself."""
    order: list[Path] = []

    def add(module: Path, above: tuple[Path, ...] = ()) -> None:
        if module in above:
            ring = [*above[above.index(module) :], module]
            raise ValueError("Modules import each other in a ring: " + " -> ".join(path.name for path in ring))
        if module not in order:
            for path in imports(module):
                add(path, (*above, module))
            order.append(module)

    add(entry.resolve())
    return order


def imports(module: Path) -> dict[Path, list[str]]:
    """Returns the files that a module imports from, each with the names that it takes, as they are written."""
    lines = IMPORT.findall(module.read_text(encoding="utf-8"))
    return {(module.parent / path).resolve(): names.split(", ") for names, path in lines}


def _bare(module: Path) -> str:
    text = EXPORT.sub("", IMPORT.sub("", module.read_text(encoding="utf-8")))
    if left := _LEFT.search(text):
        raise ValueError(f"{module.name} can only be joined with others without the line: {left.group().strip()}")
    return text
