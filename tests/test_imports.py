"""The house's one-way streets: who may import whom, and what `import ddpt_core` must not load."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Each may import itself and those before it.
STAGES = (
    "data",
    "backbone",
    "diffusion",
    "prompts",
    "training",
    "trajectory",
    "metrics",
    "answering",
    "interpret",
    "study",
)
FREE = ("errors", "files", "arms", "settings")  # modules of no stage: all may import them, they import no stage
DOORS = ("__init__", "__main__", "commands")  # may open every room
HEAVY = (
    "torch",
    "transformers",
    "numpy",
    "gradio",
    "plotly",
    "umap",
    "sklearn",
    "faiss",
    "diffusers",
    "peft",
    "pandas",
)
CORE = sorted((ROOT / "ddpt_core").rglob("*.py"))
BESIDE = sorted(path for package in ("families", "sandbox") for path in (ROOT / package).rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text())


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports anywhere, also inside functions, as dotted names."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return frozenset(found)


def breaches(paths, forbidden) -> list[str]:
    """Which files import what `forbidden(path)` names, or something inside it."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imported(path)
        if any(name == package or name.startswith(package + ".") for package in forbidden(path))
    ]


def later_stages(path: Path) -> list[str]:
    """The packages that a file of the core must not import."""
    room = path.relative_to(ROOT / "ddpt_core").with_suffix("").parts[0]
    allowed = STAGES if room in DOORS else () if room in FREE else STAGES[: STAGES.index(room) + 1]
    return [f"ddpt_core.{stage}" for stage in STAGES if stage not in allowed]


def test_imports_inside_functions_are_seen():
    assert "torch" in imported(ROOT / "ddpt_core" / "backbone" / "loading.py")
    assert len(CORE) > 50 and all((ROOT / "ddpt_core" / stage).is_dir() for stage in STAGES)


def test_stages_import_only_themselves_and_earlier_ones():
    assert breaches(CORE, later_stages) == []


def test_core_knows_neither_app_nor_interface_nor_benchmarks():
    assert breaches(CORE, lambda path: ("app", "gradio", "plotly", "benchmarks", "recipes", "tests")) == []


def test_app_knows_neither_benchmarks_nor_tests():
    assert breaches((ROOT / "app").rglob("*.py"), lambda path: ("benchmarks", "recipes", "tests")) == []


def test_nothing_imports_how_a_model_is_made_from_scratch():
    paths = [ROOT / "app.py", *(ROOT / "app").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), *CORE, *BESIDE]
    assert len(paths) > 200 and breaches(paths, lambda path: ("recipes",)) == []


def test_the_packages_beside_the_core_import_nothing_of_the_project():
    for path in BESIDE:
        others = {"app", "ddpt_core", "benchmarks", "recipes", "tests", "families", "sandbox"}
        others.remove(path.relative_to(ROOT).parts[0])
        assert breaches([path], lambda _, others=others: tuple(others)) == []


def test_core_prints_nothing_but_on_its_command_lines():
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in CORE
        if path.name != "__main__.py" and path.parent.name != "commands"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert calls == []


def test_wrong_input_is_never_met_with_an_assert():
    found = [
        f"{p.relative_to(ROOT)}:{n.lineno}" for p in CORE for n in ast.walk(tree_of(p)) if isinstance(n, ast.Assert)
    ]
    assert found == []


def test_nothing_is_pickled():
    assert breaches(CORE, lambda path: ("pickle", "dill", "joblib", "shelve", "marshal")) == []
    unsafe = {"torch.load", "torch.save"}
    called = {ast.unparse(n.func) for path in CORE for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call)}
    assert not called & unsafe


def test_importing_the_core_and_its_command_line_loads_nothing_heavy():
    code = "import sys, ddpt_core, ddpt_core.__main__; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())


def test_public_names_are_all_there():
    import ddpt_core

    assert [name for name in ddpt_core.__all__ if getattr(ddpt_core, name) is None] == []
    assert set(ddpt_core.__all__) <= set(dir(ddpt_core))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ddpt_core.nothing
