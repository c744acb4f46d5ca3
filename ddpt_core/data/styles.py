"""Styles: what an answer may be like, each with a rule that tells it from parsed code; torch-free.

A style of Python is made of a task of our families whose reference is one expression: the request stays, the reference
takes the style's form, and the tests ask that form. Other languages have no references here; a model that can write
them is asked to, and what the language's grammar accepts is kept (ddpt_core/steering/distil.py). A new style is one
entry in STYLES and a case in `python_style`, or a grammar.
"""

import ast
import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any

from ddpt_core.data.programs import parsed
from ddpt_core.data.task import Task
from ddpt_core.errors import ConfigError

GUIDANCE = (-5.0, 20.0)  # beyond it an estimate leaves the space that any prompt lies in
MAX_WEIGHT = 1e9
SOLVE = "solve"  # the function that a style of functions defines
# of the task families; other modules' names, such as `queue` and `numbers`, are common names of variables
_MODULES = "re np itertools json os collections datetime csv glob math random string".split()  # noqa: SIM905
_NOT_INPUTS = frozenset((*dir(builtins), *_MODULES))
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "WITH")  # that a query begins with
_COMMANDS = frozenset(
    """awk basename cat cd chmod cp curl cut date diff dirname echo exit export find for grep head if ls mkdir mv printf
    pwd read rm sed seq shuf sleep sort tail tar tee test touch tr uniq wc wget while xargs""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Parts:
    """What the forms of an answer are made of: the expression, its inputs and their types, and the value it must have.

    `value` and `kind` are the source of the right value and its type.
    """

    request: str
    code: str
    inputs: tuple[str, ...]
    kinds: tuple[str, ...]
    value: str
    kind: str

    @property
    def arguments(self) -> str:
        """The inputs, as they are passed."""
        return ", ".join(self.inputs)

    def defined(self, before: str = "", typed: bool = False) -> str:
        """Returns a function of the inputs with `before` (indented lines) in front of its return."""
        pairs = zip(self.inputs, self.kinds, strict=True)
        taken = ", ".join(f"{name}: {kind}" for name, kind in pairs) if typed else self.arguments
        return f"def {SOLVE}({taken}){f' -> {self.kind}' if typed else ''}:\n{before}    return {self.code}"

    def guarded(self) -> str:
        """Returns a function that refuses a first input that is missing."""
        first = self.inputs[0]
        return self.defined(f'    if {first} is None:\n        raise ValueError("{first} is missing")\n')

    def documented(self) -> str:
        """Returns a function whose docstring is the request."""
        text = self.request.replace("\\", "\\\\").replace('"', "'").strip().rstrip(".?")
        return self.defined(f'    """{text[:1].upper()}{text[1:]}."""\n')

    def asserted(self) -> str:
        """Returns a test of the answer's type, which can be written without knowing the inputs."""
        return f"assert isinstance({self.code}, {self.kind})"


@dataclass(frozen=True)
class Style:
    """One style: `request` is the manual context that names it, `made` its form of an answer, `asked` the expression
    that the tests compare with the right value (none: they do not run it), `grammar` the tree-sitter one of a language.
    """

    name: str
    label: str
    request: str
    colour: str
    made: Callable[[Parts], str] | None = None
    asked: str = ""
    grammar: str = ""


# Colours: twelve that stay apart in hue or lightness under the common forms of colour blindness (Tol's muted scheme,
# Okabe and Ito's), and no style is told by its colour alone.
STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("expression", "expression", "Write one Python expression for this request:", "#0072B2",
              lambda parts: parts.code, "_"),
        Style("assignment", "assignment", "Write Python code that assigns the answer to result:", "#E69F00",
              lambda parts: f"result = {parts.code}", "result"),
        Style("print", "print", "Write Python code that prints the answer to this request:", "#009E73",
              lambda parts: f"print({parts.code})"),
        Style("function", "function", "Write a Python function named solve for this request:", "#CC79A7",
              lambda parts: parts.defined(), "solve({arguments})"),
        Style("lambda", "lambda", "Write a Python lambda for this request:", "#D55E00",
              lambda parts: f"lambda {parts.arguments}: {parts.code}", "_({arguments})"),
        Style("typed", "function with type hints", "Write a Python function solve with type hints for this request:",
              "#56B4E9", lambda parts: parts.defined(typed=True), "solve({arguments})"),
        Style("docstring", "function with a docstring", "Write a Python function solve with a docstring for this:",
              "#882255", Parts.documented, "solve({arguments})"),
        Style("guard", "function with a guard", "Write a Python function solve that raises ValueError for no input:",
              "#117733", Parts.guarded, "solve({arguments})"),
        Style("test", "test", "Write a Python test with an assert about this request:", "#AA4499",
              Parts.asserted),
        Style("javascript", "JavaScript", "Write JavaScript code for this request:", "#999933", grammar="javascript"),
        Style("bash", "Bash", "Write a Bash command for this request:", "#5E6876", grammar="bash"),
        Style("sql", "SQL", "Write an SQL query for this request:", "#332288", grammar="sql"),
    )
}  # fmt: skip
OWN_STYLES = tuple(name for name, style in STYLES.items() if style.made)  # with references of our own
LANGUAGES = tuple(name for name, style in STYLES.items() if style.grammar)


ALL_OWN = "styles"  # in place of a style's name: each of our own in turn


def require_style(name: str, known: Sequence[str]) -> str:
    """Returns `name` if it is one of `known`; raises ConfigError, which tells the nearest, if it is not."""
    if name not in known:
        near = get_close_matches(name, known, n=2, cutoff=0.4)
        meant = f"did you mean {' or '.join(near)}? Known are" if near else "choose one of"
        raise ConfigError(f"Unknown style {name!r}; {meant} {', '.join(known)}.")
    return name


def weights_of(style: str, known: Sequence[str]) -> dict[str, float]:
    """Returns style -> share of "lambda", or of several as "lambda=0.7,print=0.3"; shares add up to 1, {} for "".

    Raises ConfigError for a style that is not among `known`, for weights that are not positive, and for any style where
    none is known.
    """
    if not style:
        return {}
    if not known:
        raise ConfigError(
            f"This prompt has no styles, so {style!r} cannot be asked of it; choose a prompt that was learned from a "
            "library (method distribution)."
        )
    weights: dict[str, float] = {}
    for part in style.split(","):
        name, equals, text = (piece.strip() for piece in part.partition("="))
        try:
            weight = float(text) if equals else 1.0
        except ValueError:
            weight = 0.0
        if not 0 < weight < MAX_WEIGHT:
            raise ConfigError(f"A style's weight must be a number above 0, got {part.strip()!r}; write {name}=0.5.")
        weights[require_style(name, known)] = weights.get(name, 0.0) + weight
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def check_guidance(guidance: float) -> float:
    """Returns `guidance` if it is in its range; raises ConfigError otherwise."""
    low, high = GUIDANCE
    if not low <= guidance <= high:
        raise ConfigError(f"The guidance must be from {low:g} to {high:g}, got {guidance:g}; 1 is plain, 0 none.")
    return guidance


def styled(tasks: Sequence[Task], name: str) -> list[Task]:
    """Returns the tasks that a style of our own fits, their answers in it; with ALL_OWN the styles take turns."""
    names = OWN_STYLES if name == ALL_OWN else (require_style(name, OWN_STYLES),)
    turns = ((task, names[i % len(names)]) for i, task in enumerate(task for task in tasks if parts_of(task)))
    return [found for task, style in turns if (found := in_style(task, style))]


def parts_of(task: Task) -> Parts | None:
    """Returns what the forms of a task's answer are made of; None unless its reference is one expression of inputs
    whose types are known, and its first test says what it must be.
    """
    try:
        expression = ast.parse(task.reference, mode="eval").body
        setup, tests = ast.parse(task.setup).body, [ast.parse(test).body[0] for test in task.tests]
    except (SyntaxError, IndexError):
        return None
    names = inputs(expression)
    made = {
        line.targets[0].id: _kind(line.value)
        for line in setup
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }
    found = [_compared(test) for test in tests[:2]]
    if not names or len(found) < 2 or not all(found) or not all(made.get(name) for name in names):
        return None
    (subject, value), (asked, kind) = found  # type: ignore[misc]
    if (subject, asked) != ("_", "type(_)"):
        return None
    kinds = tuple(str(made[name]) for name in names)
    return Parts(task.instruction, task.reference, tuple(names), kinds, value, kind)


def in_style(task: Task, name: str) -> Task | None:
    """Returns the task with its answer in a style of our own, and tests that ask that form; None if it has none."""
    style, parts = STYLES[name], parts_of(task)
    if parts is None or style.made is None:
        return None
    asked = style.asked.format(arguments=parts.arguments)
    tests = (f"assert {asked} == {parts.value}",) if asked else ()
    return replace(task, id=f"{task.id}/{name}", reference=style.made(parts), tests=tests, style=name)


def inputs(expression: ast.expr) -> list[str]:
    """Returns the names that an expression reads and does not bind itself, in the order in which they stand."""
    found = [node for node in ast.walk(expression) if isinstance(node, ast.Name)]
    bound = {node.id for node in found if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(expression) if isinstance(node, ast.arg)}
    read = sorted((node for node in found if node.id not in bound), key=lambda node: (node.lineno, node.col_offset))
    return [name for name in dict.fromkeys(node.id for node in read) if name not in _NOT_INPUTS]


def _kind(value: ast.expr) -> str:
    """Returns the type of what a setup assigns, as an annotation says it, "" if it is not known."""
    if isinstance(value, ast.Call):
        return {"np.array": "np.ndarray"}.get(name := ast.unparse(value.func), name)
    try:
        return type(ast.literal_eval(value)).__name__
    except ValueError:
        return ""


def _compared(test: ast.stmt) -> tuple[str, str] | None:
    """Returns the two sides of `assert a == b` or `assert a is b`."""
    compare = test.test if isinstance(test, ast.Assert) else None
    if not isinstance(compare, ast.Compare) or len(compare.ops) > 1 or not isinstance(compare.ops[0], ast.Eq | ast.Is):
        return None
    return ast.unparse(compare.left), ast.unparse(compare.comparators[0])


def style_of(code: str) -> str | None:
    """Returns the style of a code by the rules of STYLES, None if it has none of them.

    What Python reads is a style of Python or none, also if another language would read it as well.
    """
    tree = parsed(code)
    if tree is not None:
        return python_style(tree)
    return next((name for name in LANGUAGES if _of_language(code, name)), None)


def python_style(tree: ast.Module) -> str | None:
    """Returns the style of a Python program: that of its functions, else of its last statement."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        return "test"
    if functions:
        return _style_of_function(functions[0])
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return "lambda" if isinstance(last.value, ast.Lambda) else "assignment"
    if not isinstance(last, ast.Expr):
        return None
    value = last.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
        return "print"
    if isinstance(value, ast.Lambda):
        return "lambda"
    return "expression" if len(tree.body) == 1 and not isinstance(value, ast.Constant | ast.Name) else None


def _style_of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if any(isinstance(part, ast.Raise) for line in node.body if isinstance(line, ast.If) for part in ast.walk(line)):
        return "guard"
    if ast.get_docstring(node):
        return "docstring"
    return "typed" if node.returns or any(argument.annotation for argument in arguments) else "function"


def _of_language(code: str, name: str) -> bool:
    """Returns whether a code that Python does not read is of this language, by its tree-sitter grammar."""
    root = parser_of(STYLES[name].grammar).parse(code.encode()).root_node
    if root.has_error or not root.named_child_count:
        return False
    if name == "sql":
        return code.lstrip().upper().startswith(_VERBS)
    if name == "bash":  # its grammar takes any sentence for a command and its arguments
        first = code.split(maxsplit=1)[0]
        return first in _COMMANDS or first.startswith(("#!", "$", "./")) or "=$(" in first
    return True


@cache
def parser_of(grammar: str) -> Any:
    """Returns tree-sitter's parser of a language."""
    from importlib import import_module

    from tree_sitter import Language, Parser

    return Parser(Language(import_module(f"tree_sitter_{grammar}").language()))
