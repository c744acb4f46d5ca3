"""The code that is cut out of a raw answer."""

import itertools

import pytest

from ddpt_core import code_of
from ddpt_core.data.programs import program_of
from ddpt_core.data.task import Task

TOTAL = "def total(xs):\n    return sum(xs)"
JAVASCRIPT = "function total(xs) {\n    return xs.reduce((a, b) => a + b);\n}\nlet x = total([1]);"
SQL = "SELECT name\nFROM users\nWHERE id = 1\nGROUP BY\nname;"
PYTHON_2 = "def total(xs):\n    return sum(xs)\n\nprint total([1])"
IN_DOCSTRING = 'def total(xs):\n    """Adds.\n\n```\ntotal([1])\n```\n    """\n    return sum(xs)'
HALF = "def total(xs):\n    result = 0\n    for x in xs:\n        result += x["
UNFINISHED = Task("t", 'def total(xs):\n    """Adds up."""\n', tests=("assert total([1, 2]) == 3",))

WRAPPED = {
    "a fence with a language": f"```python\n{TOTAL}\n```",
    "a fence without one": f"```\n{TOTAL}\n```",
    "a fence that is never closed": f"```python\n{TOTAL}",
    "words on the line of the fence": f'```python title="total.py" {{1}}\n{TOTAL}\n```',
    "a fence of tildes": f"~~~py\n{TOTAL}\n~~~",
    "an open fence of tildes": f"~~~py\n{TOTAL}",
    "a longer fence": f"````\n{TOTAL}\n````",
    "an indented fence": "  ```python\n  def total(xs):\n      return sum(xs)\n  ```",
    "indented lines in a fence": "```\n    def total(xs):\n        return sum(xs)\n```",
    "line ends of Windows": f"```python\n{TOTAL}\n```".replace("\n", "\r\n"),
    "a fence behind words": f"Here is the code: ```python\n{TOTAL}\n```",
    "a fence that closes behind code": f"```python\n{TOTAL}```",
    "a fence that nothing opened": f"{TOTAL}\n```\n\nThis function adds up the numbers.",
    "code on the line of the fence": f"```{TOTAL}\n```",
    "the form of chat models": f"Here's a Python function that adds:\n\n```python\n{TOTAL}\n```\n\nThis function adds.",
    "an example in a second fence": f"```python\n{TOTAL}\n```\nUse it so:\n```python\nprint(total([1]))\n```",
    "a fence for the shell first": f"Install it:\n```bash\npip install x\n```\n```python\n{TOTAL}\n```",
    "printed text in a fence first": f"For\n```\n1 2 3\n```\nwrite:\n```\n{TOTAL}\n```",
    "sentences before": f"Sure! Here is the code:\n{TOTAL}",
    "words without an end": f"Here is the code\n{TOTAL}",
    "sentences after": f"{TOTAL}\n\nThis function adds up (with `sum`) the xs.",
    "a list after": f"{TOTAL}\n\n- `xs`: the numbers",
    "a heading after": f"{TOTAL}\n\n**Explanation:**\nIt adds.",
    "output after": f"{TOTAL}\n\nOutput:\n6",
    "a session after": f"{TOTAL}\n\n>>> total([1])\n1",
    "the marks of a prompt": f"[BEGIN]\n{TOTAL}\n[DONE]\nmore",
    "the last mark alone": f"{TOTAL}\n[DONE]\n\n[BEGIN]\nmore",
    "a fence between marks": f"[BEGIN]\n```python\n{TOTAL}\n```\n[DONE]",
    "a cut call": f"{TOTAL}\n\nprint(total([1",
    "a cut name": f"{TOTAL}\n\nprin",
    "a cut string": f"{TOTAL}\n\nprint('the to",
    "a cut head": f"{TOTAL}\n\ndef other(",
    "a cut definition": f"{TOTAL}\n\ndef other(ys):\n    for y in ys:\n        print(y",
    "a cut line behind a return": f"{TOTAL}\n    print('abc",
    "a cut line in an open fence": f"Sure:\n```python\n{TOTAL}\n\nprint(total([1",
    "a byte order mark": f"\ufeff{TOTAL}",
    "a name of the language": f"python\n{TOTAL}",
    "a session": ">>> def total(xs):\n...     return sum(xs)\n...\n>>> total([1])\n1".replace(">>> total([1])\n1", ""),
}


@pytest.mark.parametrize("answer", WRAPPED.values(), ids=WRAPPED.keys())
def test_the_wrapping_of_an_answer_is_left_out(answer):
    assert code_of(answer) == TOTAL


CODES = {
    "one line": "sum(xs)",
    "a name": "xs",
    "a function that is named at the end": f"{TOTAL}\n\ntotal",
    "a name at the end behind no definition": "import re\nx",
    "lines without a function": "import re\nre.sub('a', 'b', text)",
    "a line end at the end": f"{TOTAL}\n",
    "backticks of the code": "re.sub('`', '', text)",
    "fences in a docstring": IN_DOCSTRING,
    "marks in a string": 'TEXT = """\n[BEGIN]\nx\n[DONE]\n"""',
    "a session in a docstring": 'def f():\n    """Adds.\n\n    >>> f()\n    3\n    """\n    return 3',
    "a sentence in a docstring": 'def f():\n    """\nReturns three, as it is.\n    """\n    return 3',
    "a future import": f"from __future__ import annotations\n{TOTAL}",
    "a body": "    return sum(xs)\n".strip("\n"),
    "Python 2": PYTHON_2,
    "JavaScript": JAVASCRIPT,
    "SQL": SQL,
    "the shell": 'for f in *.txt; do\n  echo "$f"\ndone',
    "HTML": "<p>\nHello there.\n</p>",
    "pseudo-code": "For each x in the list:\n    add x to total\nreturn total",
    "a single cut line": "print(total([1",
    "a function that is cut in the middle": HALF,
    "prose alone": "You can add up numbers with a loop.\n\nIt is easy.",
    "prose with a list": "Make a table of these:\n- name\n- a key (unique)",
    "prose that parses in part": "Mode, Count\nDistance Learning, 2\nOn-site, 1",
    "a fence around nothing": "```\n```",
    "blank": " \n",
    "nothing": "",
}


@pytest.mark.parametrize("name", CODES)
def test_what_is_code_or_no_python_at_all_stays_as_it_is(name):
    task = UNFINISHED if name == "a body" else None
    assert code_of(CODES[name], task) == CODES[name]


@pytest.mark.parametrize(
    "code", [JAVASCRIPT, SQL, PYTHON_2, IN_DOCSTRING, HALF], ids=["js", "sql", "py2", "doc", "half"]
)
@pytest.mark.parametrize("language", ["", "python", "sql"])
def test_a_fence_keeps_what_is_in_it_whatever_it_is(code, language):
    assert code_of(f"Here it is:\n\n```{language}\n{code}\n```\n\nThis is the answer.") == code


def test_ticks_around_an_answer_are_left_out():
    assert code_of("`sum(xs)`") == "sum(xs)"
    assert code_of("``re.sub('`', '', text)``") == "re.sub('`', '', text)"
    assert code_of("```sum(xs)```") == "sum(xs)"
    assert code_of("Here is the code:\n`sum(xs)`\n\nIt adds them.") == "sum(xs)"
    assert code_of("`import re`\n`re.sub(a, b, c)`") == "import re\nre.sub(a, b, c)"


def test_a_session_at_the_prompt_loses_its_prompts_and_what_was_printed():
    typed = ">>> import re\n>>> for x in xs:\n...     print(x)\n...\n1\n2\n>>> re.escape('a')\n'a'"
    assert code_of(typed) == "import re\nfor x in xs:\n    print(x)\n\nre.escape('a')"
    assert code_of(f"Try this:\n```pycon\n{typed}\n```") == code_of(typed)


def test_imports_in_a_fence_of_their_own_go_before_the_next():
    answer = f"First:\n```python\nimport re\n```\nThen:\n```python\n{TOTAL}\n```"
    assert code_of(answer) == f"import re\n{TOTAL}"


BODIES = {
    "as the data set writes it": "    s = 0\n    for x in xs:\n        s += x\n    return s\n",
    "with its first line stripped": "s = 0\n    for x in xs:\n        s += x\n    return s",
    "at the margin": "s = 0\nfor x in xs:\n    s += x\nreturn s",
    "in a fence": "Sure:\n```python\n    s = 0\n    for x in xs:\n        s += x\n    return s\n```",
    "stripped in a fence": "```python\ns = 0\n    for x in xs:\n        s += x\n    return s\n```",
    "the whole function": f"Here it is:\n```python\n{TOTAL}\n```\nIt adds.",
    "the function behind a future import": f"from __future__ import annotations\n{TOTAL}",
}


@pytest.mark.parametrize("answer", BODIES.values(), ids=BODIES.keys())
def test_the_code_of_an_answer_completes_an_unfinished_function(answer):
    names = {}
    exec(compile(program_of(code_of(answer, UNFINISHED), UNFINISHED), "<answer>", "exec"), names)
    assert names["total"]([1, 2]) == 3


BEFORE = (
    "",
    "Sure!\n\n",
    "Here's a function that adds:\n",
    "# Answer\n",
    "[BEGIN]\n",
    "\ufeff",
    ">>> f(1)\n1\n",
    "x\n",
)
OPENED = ("", "```python\n", "~~~\n", "  ````js x=1\n", "`")
INSIDE = (
    TOTAL,
    f"{TOTAL}\n\nprint(f(",
    JAVASCRIPT,
    PYTHON_2,
    IN_DOCSTRING,
    "    return 1",
    ">>> f(1)\n1",
    "Some prose.",
)
AFTER = ("", "\n```", "\n~~~", "`", "\n````\n\nThis adds.\n```python\nf(1)\n```", "\n[DONE]\nx", "\nNote: it\r\nis so.")


@pytest.mark.parametrize("task", [None, UNFINISHED], ids=["any task", "an unfinished function"])
def test_the_code_of_a_code_is_that_code_and_never_blank(task):
    for parts in itertools.islice(itertools.product(BEFORE, OPENED, INSIDE, AFTER), 0, None, 5):
        code = code_of("".join(parts), task)
        assert code_of(code, task) == code, parts
        assert code.strip(), parts


@pytest.mark.parametrize(
    "piece", ["```\n", "(", "Some prose here.\n", "def f():\n ", "[BEGIN]\n", "`", ">>> \n", "\x00", "\ud800"]
)
def test_an_answer_that_repeats_itself_is_read_at_once(piece):
    answer = piece * 500
    assert code_of(code_of(answer)) == code_of(answer)
