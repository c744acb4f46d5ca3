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
    "steering",
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
APP = sorted((ROOT / "app").rglob("*.py"))
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
    assert breaches(APP, lambda path: ("benchmarks", "recipes", "tests")) == []


def test_tabs_know_the_viewer_and_the_page_and_not_each_other():
    tabs = {path.parent.name for path in APP if path.name == "tab.py"}
    rooms = {path.name for path in (ROOT / "app").iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert rooms == {*tabs, "viewer", "page"} and len(tabs) > 3

    def above(path: Path) -> list[str]:
        room = path.relative_to(ROOT / "app").with_suffix("").parts[0]
        known = {"main": rooms | {"main"}, "page": {"page"}, "viewer": {"viewer", "page"}}
        return [f"app.{other}" for other in {*rooms, "main"} - known.get(room, {room, "viewer", "page"})]

    assert breaches([path for path in APP if path.name != "__init__.py"], above) == []


def test_no_folder_of_the_app_is_a_heap():
    counts = {path.parent: len(list(path.parent.glob("*.py"))) for path in APP}
    assert {str(folder): count for folder, count in counts.items() if count > 15} == {}


def test_folders_stand_in_no_ring():
    """Files at the root of a package count as rooms of their own, since all use its errors, and its door uses all."""
    paths = [*CORE, *APP, *BESIDE, *(ROOT / "recipes").rglob("*.py")]
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    root = {ROOT / "app", ROOT / "ddpt_core"}

    def room(path: Path) -> Path:
        return path if path.parent in root else path.parent

    uses: dict[Path, set[Path]] = {}
    for path in paths:
        found = {room(files[name]) for name in imported(path) if name in files}
        uses.setdefault(room(path), set()).update(found - {room(path)})

    def reached(start: Path) -> set[Path]:
        seen, todo = set(), list(uses[start])
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo.extend(uses.get(one, ()))
        return seen

    door = ROOT / "ddpt_core" / "__init__.py"  # opens the rooms when it is asked for one
    uses[door] = set()
    assert [str(one.relative_to(ROOT)) for one in uses if one in reached(one)] == []


def test_nothing_imports_how_a_model_is_made_from_scratch():
    paths = [ROOT / "app.py", *APP, *(ROOT / "benchmarks").rglob("*.py"), *CORE, *BESIDE]
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
