"""Runs the methods of test classes, one at a time, and gives what became of each as an exception like any other test.

unittest has its own ways with outcomes; here they come to the three that a test has: it returns, it fails with an
AssertionError, or it raises something else. A test that is skipped says nothing.
"""

import importlib
import types
import unittest
from collections.abc import Callable
from typing import Any


class Skipped(Exception):
    """A test that its author skips; says why."""


class _Outcome(unittest.TestResult):
    """Keeps the first thing that went wrong, itself rather than as text."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: BaseException | None = None

    def _note(self, error: BaseException | None) -> None:
        self.problem = self.problem or error

    def addError(self, test: Any, err: Any) -> None:
        self._note(err[1])

    def addFailure(self, test: Any, err: Any) -> None:
        self._note(err[1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        self._note(err and err[1])

    def addSkip(self, test: Any, reason: str) -> None:
        self._note(Skipped(reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        pass

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._note(AssertionError("the test was expected to fail, and did not"))


def leave_running_to_us() -> None:
    """Makes `unittest.main()` do nothing: the methods run one by one, whoever asks for them all."""
    unittest.main = lambda *arguments, **keywords: None  # type: ignore[assignment,misc]


def tell_of_patches(lack: Callable[[str], BaseException]) -> None:
    """Makes `unittest.mock.patch` raise what `lack` gives for what it cannot reach: modules of the other process."""
    mock = importlib.import_module("unittest.mock")  # late: it imports asyncio, which few runs need
    genuine = mock.patch

    def patch(target: Any, *arguments: Any, **keywords: Any) -> Any:
        raise lack(f"to patch {target} in the program, which runs in another process")

    def patch_object(target: Any, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(target, types.ModuleType):
            patch(target.__name__)
        return genuine.object(target, *arguments, **keywords)

    patch.object, patch.dict, patch.multiple = patch_object, patch, patch  # type: ignore[attr-defined]
    mock.patch = patch  # type: ignore[attr-defined]


def run_case(names: dict[str, Any], case: str, method: str) -> None:
    """Runs one method of the class that is called `case`, of unittest or a plain one; raises what went wrong."""
    if case not in names:
        raise NameError(f"name {case!r} is not defined")
    kind = names[case]
    if not issubclass(kind, unittest.TestCase):
        _run_plain(kind(), method)
        return
    outcome = _Outcome()
    unittest.TestSuite([kind(method)]).run(outcome)
    if outcome.problem is not None:
        raise outcome.problem


def is_skip(error: BaseException) -> bool:
    """Returns whether a test was skipped; a program has no way to raise what says so."""
    return isinstance(error, Skipped | unittest.SkipTest)


def _run_plain(instance: Any, method: str) -> None:
    """Runs a method as pytest does, between `setup_method` and `teardown_method` where there are any."""
    test = getattr(instance, method)
    _beside(instance, "setup_method", test)
    try:
        test()
    finally:
        _beside(instance, "teardown_method", test)


def _beside(instance: Any, name: str, test: Any) -> None:
    function = getattr(instance, name, None)
    if function is not None:
        function(*[test][: function.__code__.co_argcount - 1])  # both ways of writing it are in use
