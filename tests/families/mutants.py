"""Wrong solutions, made from a right one by one small change each."""

import ast
from collections.abc import Iterator
from copy import copy, deepcopy

from ddpt_core.data.task import Task

_COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_SYMMETRIC = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Div, ast.Div: ast.FloorDiv,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
}  # fmt: skip
_OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_RESULTS = {  # what becomes of a result
    "reversed": "({})[::-1]",
    "without its first": "({})[1:]",
    "without its last": "({})[:-1]",
    "sorted": "type({0})(sorted({0}))",
    "empty": "type({})()",
    "one more": "({}) + 1",
    "one less": "({}) - 1",
    "negated": "not ({})",
    "None": "None",
}


def mutants(task: Task) -> Iterator[tuple[str, str]]:
    """Yields (name of the change, code) for every small change of the task's reference, each code once.

    The same change has the same name in all instances of a family whose reference has the same form.
    """
    tree = ast.parse(task.reference)
    seen = {ast.unparse(tree)}
    for name, changed in (*_changed(tree), *_other_results(task, tree), *_less(tree)):
        code = ast.unparse(changed)
        if code not in seen:
            seen.add(code)
            yield name, code


def _changed(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    for place, node in enumerate(ast.walk(tree)):
        for changes_of in (_constants, _operators, _calls, _conditions, _members):
            for change, new in changes_of(node):
                yield f"{change} at {type(node).__name__} {place}", _replaced(tree, node, new)


def _replaced(tree: ast.Module, node: ast.AST, new: ast.AST) -> ast.Module:
    return deepcopy(tree, {id(node): new})


def _but(node: ast.AST, **fields: object) -> ast.AST:
    new = copy(node)
    new.__dict__.update(fields)
    return new


def _constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yields numbers off by one, other texts and the other truth value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "not", _but(node, value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "+1", _but(node, value=node.value + 1)
        yield "-1", _but(node, value=node.value - 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield "longer text", _but(node, value=node.value + "x")
        yield "empty text", _but(node, value="")
    elif isinstance(node, ast.Name) and node.id in _OTHER_NAMES:
        yield "other function", _but(node, id=_OTHER_NAMES[node.id])


def _operators(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yields another operator, and the same with its sides swapped."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        yield "comparison", _but(node, ops=[_COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
        if type(node.ops[0]) not in _SYMMETRIC:
            yield "swapped sides", _but(node, left=node.comparators[0], comparators=[node.left, *node.comparators[1:]])
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        yield "operator", _but(node, op=_OPERATORS[type(node.op)]())
        if isinstance(node, ast.BinOp):
            yield "swapped sides", _but(node, left=node.right, right=node.left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "no sign", _but(node, op=ast.UAdd())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "no not", node.operand


def _calls(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yields calls and definitions with their arguments swapped, and ranges off by one."""
    if isinstance(node, ast.Call):
        if len(node.args) > 1:
            yield "swapped arguments", _but(node, args=[node.args[1], node.args[0], *node.args[2:]])
        if node.keywords:
            yield "no keyword", _but(node, keywords=node.keywords[:-1])
        if isinstance(node.func, ast.Name) and node.func.id == "range":
            stop = min(1, len(node.args) - 1)
            for name, operator in (("range + 1", ast.Add()), ("range - 1", ast.Sub())):
                changed = ast.BinOp(node.args[stop], operator, ast.Constant(1))
                yield name, _but(node, args=[*node.args[:stop], changed, *node.args[stop + 1 :]])
    elif isinstance(node, ast.FunctionDef):
        own = [argument for argument in node.args.args if argument.arg == "self"]
        given = node.args.args[len(own) :]
        if len(given) > 1:
            yield "swapped parameters", _but(node, args=_but(node.args, args=[*own, given[1], given[0], *given[2:]]))


def _conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yields choices with their cases swapped, and loops without their condition."""
    if isinstance(node, ast.IfExp):
        yield "swapped cases", _but(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "no condition", _but(node, ifs=node.ifs[:-1])


def _members(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yields displays and classes with their first two members swapped, and classes without what they derive from."""
    if isinstance(node, ast.Tuple | ast.List | ast.Dict) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        items = node.values if isinstance(node, ast.Dict) else node.elts
        field = "values" if isinstance(node, ast.Dict) else "elts"
        if len(items) > 1:
            yield "swapped items", _but(node, **{field: [items[1], items[0], *items[2:]]})
            fields = ("keys", "values") if isinstance(node, ast.Dict) else ("elts",)
            yield "without the last item", _but(node, **{name: getattr(node, name)[:-1] for name in fields})
    elif isinstance(node, ast.ClassDef):
        if len(node.body) > 1 and not isinstance(node.body[1], ast.FunctionDef):
            yield "swapped fields", _but(node, body=[node.body[1], node.body[0], *node.body[2:]])
        if node.bases:
            yield "no base", _but(node, bases=[])
        if node.decorator_list:
            yield "no decorator", _but(node, decorator_list=[])
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        yield "no decorator", _but(node, decorator_list=[])


def _other_results(task: Task, tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Yields the code with its result, or each value that it returns, replaced by something near or by an input."""
    for place, node in enumerate(ast.walk(tree)):
        is_last = isinstance(node, ast.Expr) and node is tree.body[-1]
        if (is_last or isinstance(node, ast.Return)) and node.value is not None and not _is_plain(node.value):
            texts = {name: text.format(ast.unparse(node.value)) for name, text in _RESULTS.items()}
            texts |= {f"input {number}": name for number, name in enumerate(_inputs(task, tree))}
            for name, text in texts.items():
                changed = _but(node, value=ast.parse(text, mode="eval").body)
                yield f"result {name} at {place}", _replaced(tree, node, changed)


def _is_plain(node: ast.expr) -> bool:
    """Returns whether a result is where recursion ends; most that is near it is the same."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.List) and not node.elts)


def _inputs(task: Task, tree: ast.Module) -> list[str]:
    """Returns the names of what goes in: a function's parameters, or what the setup binds."""
    last = tree.body[-1]
    if isinstance(last, ast.FunctionDef):
        return [argument.arg for argument in last.args.args]
    bound = (node for node in ast.walk(ast.parse(task.setup)) if isinstance(node, ast.Name))
    return sorted({node.id for node in bound if isinstance(node.ctx, ast.Store)})


def _less(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Yields the code without one of its statements."""
    for place, node in enumerate(ast.walk(tree)):
        is_definition = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)
        if isinstance(node, ast.stmt) and not is_definition:
            yield f"without {type(node).__name__} {place}", _replaced(tree, node, ast.Pass())
