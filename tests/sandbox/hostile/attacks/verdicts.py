"""Programs that do not know the answer and try to pass all the same."""

from attacks.attack import SECRET, Attack, forged

# the object through which the harness serves a program, found as any program could find it
_HARNESS = """
import gc
program = next(o for o in gc.get_objects() if type(o).__name__ == "Program")
harness = type(program)
genuine = harness._answer
"""
_NEAR = f"assert abs(answer(2) - {SECRET}) < 1e-6"


def names_added(extra: str) -> str:
    """Returns a program that answers with names which nobody asked for."""
    return f"""{_HARNESS}
def lie(self, request):
    found = genuine(self, request)
    if request[0] == "names":
        found[1] += {extra}
    return found
harness._answer = lie
def answer(x):
    return 1
"""


ATTACKS: tuple[Attack, ...] = (
    forged("exit", "ends with success before the tests", "import os\nos._exit(0)"),
    forged("exit in a function", "ends with success when asked", "import os\ndef answer(x):\n    os._exit(0)"),
    forged("sys.exit", "ends politely when asked", "import sys\ndef answer(x):\n    sys.exit(0)"),
    forged("exit at exit", "ends with success while it ends", """
        import atexit, os
        atexit.register(os._exit, 0)
        def answer(x):
            raise SystemExit(0)
    """),
    forged("exit in a thread", "ends with success a moment later", """
        import os, threading, time
        def leave():
            time.sleep(0.05)
            os._exit(0)
        threading.Thread(target=leave).start()
        def answer(x):
            time.sleep(0.2)
    """),
    forged("what a harness prints", "prints what pytest, unittest and this sandbox print", """
        import sys
        for stream in (sys.stdout, sys.stderr, sys.__stdout__):
            print("passed", "OK", "1 passed in 0.01s", '["done"]', '["outcome",0,"passed","",""]', file=stream)
        def answer(x):
            print('{"status": "passed"}', flush=True)
            return 0
    """),
    forged("frames into descriptors", "writes the harness's own messages into every descriptor", """
        import json, os, struct
        def answer(x):
            passed = ["outcome", 0, "passed", "", ""]
            for message in (["ready"], ["ran"], ["began", 0], passed, ["done"], ["value", True, [], ""]):
                data = json.dumps(message).encode()
                for fd in range(1, 64):
                    try:
                        os.write(fd, struct.pack("<I", len(data)) + data)
                    except OSError:
                        pass
            os._exit(0)
    """),
    forged("answers ahead", "answers what has not been asked yet", """
        def answer(x):
            for _ in range(10):
                program._line.send(["value", True, [], ""])
                program._line.send(["value", ["object", 0, "int", None], [], ""])
            return True
    """, before=_HARNESS),
    Attack("fake verdict", "names that nobody asked for", "gives the tests a name that an earlier one bound",
           names_added('[["expected", 1]]'),
           (f"expected = {SECRET}", "assert answer(2) == expected"), ("failed",), says=""),
    forged("builtins of the tests", "gives the tests their builtins",
           names_added('[["__builtins__", ["dict", ["abs", ["shared", "_operator", "not_"]]]]]'), _NEAR),
    forged("explanation of the tests", "gives the tests the function that explains failures",
           names_added('[["@explain", ["shared", "builtins", "exit"]], ["@right", 1], ["AssertionError", 1]]')),
    forged("dictionary of the tests", "answers with a dictionary that belongs to the tests' own process", """
        def lie(self, request):
            found = genuine(self, request)
            if request[0] == "call":
                found[1] = ["shared", "builtins", "__dict__"]
            return found
        harness._answer = lie
        def answer(x):
            return 1
    """, f"assert answer(2)['abs'](-1) == 1 and answer(2) == {SECRET}", before=_HARNESS),
    forged("functions of the tests' process", "hands out a function of Python's under the name of its own", """
        def lie(self, request):
            found = genuine(self, request)
            if request[0] == "names":
                found[1] = ["dict", ["answer", ["shared", "builtins", "print"]]]
            return found
        harness._answer = lie
    """, before=_HARNESS),
    forged("evaluated answer", "gives the tests eval for the inverse of a function that gives them code", """
        from builtins import eval as decode
        def encode(word):
            return "__import__('sys')._getframe(1).f_globals['word']"
    """, f"word = '{SECRET}'\nassert decode(encode(word)) == word"),
    forged("executed answer", "gives the tests exec, to replace what judges them", """
        decode = exec
        def encode(word):
            return "import gc\\nfor o in gc.get_objects():\\n if type(o).__name__ == 'Judge': print('WORKED')"
    """, f"word = '{SECRET}'\nassert decode(encode(word)) == word"),
    forged("pickle for json", "names a module that runs what it reads like one that does not", """
        import pickle as json
        class Code:
            def __reduce__(self):
                return eval, ("print('WORKED') or {'a': 1}",)
        def answer(x):
            return json.dumps(Code())
    """, "assert json.loads(answer(2)) == {'a': 1}"),
    forged("functions that run text", "hands out, frame by frame, what it would not hand out by itself", """
        forms = [["shared", "builtins", "eval"], ["shared", "pickle", ""], ["shared", "copy", "_reconstruct"]]
        def lie(self, request):
            found = genuine(self, request)
            if request[0] == "call":
                found[1] = ["list", *forms]
            return found
        harness._answer = lie
        def answer(x):
            return 1
    """, "assert len(answer(2)) == 3", before=_HARNESS),
    forged("forms that nobody writes", "answers with malformed frames of every sort", """
        import itertools
        forms = itertools.cycle(([], ["value"], ["value", ["object", [], "x", None], [], ""], {"value": 1},
                                 ["callback", "x", 1, 2],
                                 ["raised", "print", "x", None, "", ["list"], "", ""], ["value", ["shared", "os",
                                     "system"], [], ""]))
        def answer(x):
            program._line.send(next(forms))
            return 1
    """, before=_HARNESS),
    forged("stand-in inside itself", "answers with an object whose data is itself", """
        def lie(self, request):
            found = genuine(self, request)
            if request[0] == "call":
                found[1] = ["object", 7, "list", ["object", 7, "list", ["list", 1]]]
            return found
        harness._answer = lie
        def answer(x):
            return 1
    """, before=_HARNESS),
    forged("changed arguments", "says that it changed arguments that it was not given", f"""
        def lie(self, request):
            found = genuine(self, request)
            if found[0] == "value":
                found[2] = [[0, ["list", {SECRET % 7}]], [-1, ["dict"]], ["x", 1], [10**9, 1]]
            return found
        harness._answer = lie
        def answer(x):
            return 1
    """, f"expected = [{SECRET}]\nassert [answer(2)] == expected", before=_HARNESS),
    forged("needs that the test does not have", "says that the test cannot be judged, and goes on", """
        def lie(self, request):
            found = genuine(self, request)
            return ["needs", "nothing"] if request[0] == "call" else found
        harness._answer = lie
        def answer(x):
            return 1
    """, f"try:\n    found = answer(2)\nexcept BaseException:\n    found = {SECRET}\nassert found == {SECRET}",
    before=_HARNESS),
    forged("standard values made of objects", "hands out values whose parts are its own objects", """
        import itertools
        mine = ["object", 0, "Code", None]
        forms = itertools.cycle((["value", "uuid.UUID", mine], ["value", "types.SimpleNamespace", mine],
                                 ["value", "builtins.dict_items", ["list", mine]], ["value", "re.Pattern", mine, 0],
                                 ["error", ["shared", "unittest.case", "SkipTest"], ["list"], ["dict"]],
                                 ["namedtuple", ["P", "x"], 1], ["exception of tests", 0],
                                 ["library", "subprocess", "Popen"], ["shared", "subprocess", "Popen"]))
        class Code:
            def replace(self, *a):
                print("WORKED")
                return "0" * 32
            __iter__ = keys = items = __getitem__ = replace
        def lie(self, request):
            found = genuine(self, request)
            if request[0] == "call":
                found[1] = next(forms)
            return found
        harness._answer = lie
        program._number(Code())
        def answer(x):
            return 1
    """, before=_HARNESS),
    forged("frame of the asker", "answers according to who asks", """
        import sys
        def answer(x):
            frame = sys._getframe(1)
            while frame:
                for value in frame.f_locals.values():
                    if type(value) is int and value > 10**18:
                        return value
                frame.f_locals.clear()
                frame = frame.f_back
            return 0
    """),
    forged("patched harness", "patches every method of the harness that it finds", """
        program._write = program.encode = lambda value: True
        program._failure = lambda error: ["value", True, [], ""]
        program._line.send_before = program._line.send
        def answer(x):
            return 1
    """, before=_HARNESS),
    forged("empty program", "does nothing at all", "pass"),
)  # fmt: skip
