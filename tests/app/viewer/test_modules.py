"""The viewer's JavaScript: each module names what it takes from others, and all of them fit into one scope."""

import re

import pytest

from app.viewer.component import _FOLDER, script
from app.viewer.modules import IMPORT, imports, joined, ordered

PAGE = _FOLDER / "js" / "page.js"
MODULES = ordered(PAGE)
TOP = re.compile(r"^(export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
SKIPPED = re.compile(r"\s+|//[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
PATTERN = re.compile(r"/(?=\S)(?:\\.|\[(?:\\.|[^]\\])*]|[^/\\[\n])+/\w*")  # a division has blanks around it
NAME = re.compile(r"[A-Za-z_$][\w$]*")
SIGN = re.compile(r"=>|\.\.\.|\?\.|.")
KINDS = (SKIPPED, TEXT, PATTERN, NAME, SIGN)
BEFORE_MADE, AFTER_MADE = ("(", ",", "{", "[", "...", ":"), (",", ")", "}", "]", "=")  # in a pattern


def words_of(text: str) -> list[str]:
    """Returns the words and signs of a script; texts and regular expressions are "", comments are left out."""
    words, at = [], 0
    while at < len(text):
        found = next(kind.match(text, at) for kind in KINDS if kind.match(text, at))
        if found.re is not SKIPPED:
            words.append("" if found.re in (TEXT, PATTERN) else found.group())
        at = found.end()
    return words


def closings(words: list[str]) -> dict[int, int]:
    """Returns where each bracket that opens is closed."""
    opened, closed = [], {}
    for i, word in enumerate(words):
        if word in ("(", "[", "{"):
            opened.append(i)
        elif word in (")", "]", "}"):
            closed[opened.pop()] = i
    assert not opened
    return closed


def made_and_used(text: str) -> tuple[set[str], set[str]]:
    """Returns the names that a module makes, at its top or within, and those that it uses and did not make."""
    words = ["", *words_of(IMPORT.sub("", text)), "", ""]
    closed = closings(words)
    made, used = set(), set()
    for i, word in enumerate(words):
        before, after = words[i - 1], words[i + 1] if i + 1 < len(words) else ""
        behind = words[closed[i] + 1] if word == "(" else words[closed[i + 1] + 1] if after == "(" else ""
        parameters = word == "(" and behind in ("=>", "{") and before not in ("if", "for", "while", "switch")
        if parameters or (word in ("{", "[") and before in ("const", "let")):
            inside = range(i + 1, closed[i])
            made |= {words[j] for j in inside if words[j - 1] in BEFORE_MADE and words[j + 1] in AFTER_MADE}
        elif NAME.fullmatch(word):
            if before in ("const", "let", "class", "function") or after == "=>":
                made.add(word)
            member = before in (".", "?.") or (after == ":" and before in ("{", ","))
            if not member and behind != "{":  # a method is written as name(…) {
                used.add(word)
    return made, used - made


def top_names(module) -> list[tuple[str, str]]:
    return TOP.findall(module.read_text(encoding="utf-8"))


def test_the_scan_tells_what_a_module_makes_from_what_it_takes():
    text = """import { far } from "./far.js";
// said only
const [here, { key: inner = start }] = far("quoted", /in[/]pattern/g, 1 / whole);
class Thing { method(given, { part }) { return given.member + part + { key: value, short }; } }
export const each = (item) => item?.deep ?? list.map(one => one);
"""
    made, used = made_and_used(text)
    assert made == {"here", "inner", "Thing", "given", "part", "each", "item", "one"}
    assert used - {"const", "class", "return", "export"} == {"far", "start", "whole", "value", "short", "list"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_what_it_uses_of_others_and_nothing_else(module):
    of_others = {name for other in MODULES if other != module for _, name in top_names(other)}
    taken = [name for names in imports(module).values() for name in names]
    assert sorted(taken) == sorted(made_and_used(module.read_text(encoding="utf-8"))[1] & of_others)


def test_what_is_exported_is_what_others_import():
    exported = {(module, name) for module in MODULES for export, name in top_names(module) if export}
    taken = {(source, name) for module in MODULES for source, names in imports(module).items() for name in names}
    within = {(module, name) for module, name in exported if module.name == "addresses.js"}  # the page's, for all
    assert taken <= exported and exported - taken <= within


def test_no_two_modules_make_the_same_name_in_the_one_scope():
    names = [name for module in MODULES for _, name in top_names(module)]
    assert len(names) > 100 and sorted(set(names)) == sorted(names)


def test_only_the_last_module_uses_what_the_component_is_given():
    given = re.search(r"/\* global (.*) \*/", PAGE.read_text(encoding="utf-8"))[1].split(", ")
    users = [module for module in MODULES if made_and_used(module.read_text(encoding="utf-8"))[1].intersection(given)]
    assert given == ["element", "props", "server", "trigger", "watch"] and users == [PAGE]


def test_every_file_is_part_of_the_script_which_has_each_module_after_those_that_it_imports():
    assert set(PAGE.parent.iterdir()) == {path for path in MODULES if path.parent == PAGE.parent}
    for place, module in enumerate(MODULES):
        assert all(MODULES.index(path) < place for path in imports(module))
    assert not re.search(r"^\s*(import|export)\b", script(), re.MULTILINE)


def write(folder, **modules):
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder / "page.js"


def test_a_module_that_two_need_is_joined_once_before_both(tmp_path):
    page = write(
        tmp_path,
        page='// Last.\n\nimport { b } from "./b.js";\nimport { a } from "./a.js";\n\nb(a);\n',
        b='import { a } from "./a.js";\n\nexport function b() {}\nexport let c = a;\n',
        a="export const a = 1;\n",
    )
    assert joined(page) == "const a = 1;\n\nfunction b() {}\nlet c = a;\n\n// Last.\n\nb(a);\n"


def test_a_ring_of_imports_is_named(tmp_path):
    lines = {name: f'import {{ x }} from "./{other}.js";\n' for name, other in (("page", "a"), ("a", "b"), ("b", "a"))}
    with pytest.raises(ValueError, match=r"ring: a\.js -> b\.js -> a\.js$"):
        joined(write(tmp_path, **lines))


@pytest.mark.parametrize("line", ['import "./a.js";', 'import { a as b } from "./a.js";', "export default a;"])
def test_a_line_that_cannot_be_taken_off_is_refused(tmp_path, line):
    with pytest.raises(ValueError, match=re.escape(f"page.js can only be joined with others without the line: {line}")):
        joined(write(tmp_path, page=f"// Last.\n{line}\n"))
