"""Runs the mutants of one file: each in a fork of a process that has imported, collected and run all tests.

The tests are run once as they are, to learn which of them reach which lines. A mutant is then run by those
that reach its line, the quickest first, up to the first that fails. Nothing is written or imported anew: the
functions of the module are given the code of the mutant in the fork. The module as it is has to survive all
of them in this way, or else what they find would prove nothing.

    python -m scripts.mutants FILE TESTS...

The mutants are those of mutmut, with more of what decides: conditions that are always or never true, nothing
returned, a statement or one of several entries left out. What decides comes first.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import os
import resource
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

__all__ = ["main"]

_ARGUMENTS = (
    *("-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--hypothesis-profile", "usual"),
    *("-k", "not auto"),
)
"""One era is enough here: the one in which a person is asked within a call."""

_PROGRESS_EVERY = 20
_PLAIN_SECONDS = 20
_IDLE_SECONDS = 5.0
_LAST = ("Call", "Assign", "AnnAssign", "SimpleString", "Arg")
"""What decides nothing by itself, so its mutants come last."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change. `kind` is the kind of node that was changed; `line` that of the original."""

    kind: str
    line: int
    code: str


class _Hunt:
    """A plugin of pytest that runs mutants instead of tests."""

    def __init__(self, file: str, wanted: str, kinds: Sequence[str]) -> None:
        self._name = f"docreview_mcp.{file.removesuffix('.py').replace('/', '.')}"
        self._wanted = wanted
        self._kinds = kinds
        # While tests run, pytest takes what is printed.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self.survivors = self.count = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        # Imported as late as this, so that pytest can rewrite what its plugins import.
        self._file = Path(str(importlib.import_module(self._name).__file__))
        self._code = self._file.read_text(encoding="utf-8")
        reached = self._reached(session.items)
        every = {each.nodeid: (seconds, each) for tests in reached.values() for seconds, each in tests}
        unchanged = Mutant("", 0, f"{self._code}\n")
        if every and self._is_found(unchanged, _in_order(every.values()), session.items):
            self._say(f"{self._file.name} is found as it is, so no mutant is run.")
            session.shouldfail = "found as it is"
            raise session.Failed(session.shouldfail)
        for mutant in mutants_of(self._file.name, self._code):
            if self._kinds and mutant.kind not in self._kinds:
                continue
            if self._wanted and self._wanted not in _change(self._code, mutant.code):
                continue
            tests = reached.get(mutant.line, [])
            self.count += 1
            if self.count % _PROGRESS_EVERY == 0:
                self._say(f"{self.count} run, up to line {mutant.line} ({mutant.kind})")
            if not tests or not self._is_found(mutant, _in_order(tests), session.items):
                self.survivors += 1
                self._say(f"--- {self._file.name}:{mutant.line} {mutant.kind}, {len(tests)} tests reach it")
                self._say(_change(self._code, mutant.code))
        return True

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def _reached(self, items: Sequence[pytest.Item]) -> dict[int, list[tuple[float, pytest.Item]]]:
        """Run all tests once. Line → the tests that reach it with their seconds."""
        coverage = Coverage(data_file=None, config_file=False, include=[str(self._file)])
        seconds: dict[str, float] = {}
        coverage.start()
        for index, item in enumerate(items):
            coverage.switch_context(item.nodeid)
            last = index + 1 == len(items)
            after = _only(item.session) if last else items[index + 1]
            reports = runtestprotocol(item, log=False, nextitem=after)
            seconds[item.nodeid] = sum(each.duration for each in reports)
            if failed := [each for each in reports if each.failed]:
                self._say(f"{item.nodeid} fails without a mutant and is left out:")
                self._say(failed[0].longreprtext[-900:])
                del seconds[item.nodeid]
        coverage.stop()
        found = coverage.get_data().contexts_by_lineno(str(self._file))
        by_name = {item.nodeid: item for item in items if item.nodeid in seconds}
        whole = _statements(self._code)
        return {
            line: [
                (seconds[name], by_name[name])
                for name in {each for other in lines for each in found.get(other, [])} & by_name.keys()
            ]
            for line, lines in whole.items()
        }

    def _is_found(self, mutant: Mutant, tests: Sequence[pytest.Item], items: Sequence[pytest.Item]) -> bool:
        """Whether a test fails, or does not end, with this mutant."""
        sys.stdout.flush()
        child = os.fork()
        if child:
            return _ends_badly(child)
        # A child that is in doubt of anything says that it found the mutant only if a test said so.
        session = items[0].session
        status = 2
        try:
            for each in (signal.SIGTERM, signal.SIGXCPU):
                signal.signal(each, _stop)
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            limit = _PLAIN_SECONDS + len(tests)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            status = self._status(mutant, tests)
            # What these tests started, such as a database, ends with them; the rest is for other children.
            session._setupstate.teardown_exact(_only(session))
        finally:
            os._exit(status)

    def _status(self, mutant: Mutant, tests: Sequence[pytest.Item]) -> int:
        """1 if a test fails with this mutant, or it cannot be imported."""
        try:
            take_code_of(importlib.import_module(self._name), mutant.code)
        except Exception:
            return 1
        for index, test in enumerate(tests):
            # What stands for all tests of a module is left for its next ones, and no longer: to pytest, what
            # is left of another module is a fault of the next test.
            after = tests[index + 1] if index + 1 < len(tests) else _only(test.session)
            failed = [each for each in runtestprotocol(test, log=False, nextitem=after) if each.failed]
            if failed:
                if not mutant.kind:
                    self._say(
                        f"{test.nodeid} fails in a fork without a mutant:\n{failed[0].longreprtext[-900:]}"
                    )
                return 1
        return 0


def _only(session: pytest.Session) -> Any:
    """What stands for the next test where only what is for all tests is to be left."""
    return SimpleNamespace(listchain=lambda: [session])


def _in_order(tests: Iterable[tuple[float, pytest.Item]]) -> list[pytest.Item]:
    """Tests with their seconds, the quickest first, but those of one module together."""
    quickest: dict[Path, float] = {}
    for seconds, test in tests:
        quickest[test.path] = min(seconds, quickest.get(test.path, seconds))
    in_order = sorted(tests, key=lambda each: (quickest[each[1].path], each[1].path, each[0], each[1].nodeid))
    return [test for _, test in in_order]


def _stop(*_: object) -> None:
    raise SystemExit


def _ends_badly(child: int) -> bool:
    """Whether a process ends with an error, or does nothing any more, nor do those that it started."""
    spent, since = 0.0, time.monotonic()
    signals = iter((signal.SIGTERM, signal.SIGKILL))
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        now = _spent(child)
        if now != spent:
            spent, since = now, time.monotonic()
        elif time.monotonic() - since > _IDLE_SECONDS:
            os.kill(child, next(signals, signal.SIGKILL))
            since = time.monotonic()
        time.sleep(0.02)


def _spent(process: int) -> float:
    """The ticks that a process and those that it started have computed; no number while one wants to."""
    try:
        found = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        tasks = list(Path(f"/proc/{process}/task").glob("*/children"))
        started = [each for task in tasks for each in task.read_text(encoding="ascii").split()]
    except OSError:
        return 0
    own = math.nan if found[0] in b"RD" else int(found[11]) + int(found[12])
    return own + sum(_spent(int(each)) for each in started)


def take_code_of(module: types.ModuleType, code: str) -> None:
    """Let the functions of a module, wherever they are held, do what those of this code do."""
    other = types.ModuleType(module.__name__)
    other.__file__, other.__package__ = module.__file__, module.__package__
    sys.modules[module.__name__] = other
    try:
        exec(compile(code, str(module.__file__), "exec"), other.__dict__)
    finally:
        sys.modules[module.__name__] = module
    _take(vars(module), vars(other), module.__name__)
    for each in vars(module).values():
        # What was computed before the change would hide it.
        if forget := getattr(each, "cache_clear", None):
            forget()


def _take(own: Any, others: Any, module: str) -> None:
    for name, other in dict(others).items():
        mine = own.get(name)
        if inspect.isclass(other) and other.__module__ == module and inspect.isclass(mine):
            _take(vars(mine), vars(other), module)
        for old, new in zip(_functions(mine), _functions(other), strict=False):
            if new.__module__ == module and len(old.__code__.co_freevars) == len(new.__code__.co_freevars):
                old.__code__ = new.__code__
                old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _functions(value: Any) -> Iterator[types.FunctionType]:
    """The function that a value is, or wraps."""
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else value
    if isinstance(value, types.FunctionType):
        yield value


def mutants_of(name: str, code: str) -> list[Mutant]:
    """The mutants of a module's code, those of what decides first. Sentences for people stay as they are."""
    with TemporaryDirectory() as folder, chdir(folder):
        Path("setup.cfg").write_text("[mutmut]\nsource_paths=.\n", encoding="utf-8")
        mutators: Any = importlib.import_module("mutmut.mutation.mutators")
        mutation: Any = importlib.import_module("mutmut.mutation.file_mutation")
        mutators.mutation_operators.extend(_deciding())
        module, mutations, *_ = mutation.create_mutations(name, code)
    found: dict[str, Mutant] = {}
    strings: set[int] = set()
    for each in mutations:
        # What stands outside of functions is done at import, before any test.
        if type(each.contained_by_top_level_function).__name__ != "FunctionDef":
            continue
        kind = type(each.original_node).__name__
        if kind in ("SimpleString", "ConcatenatedString", "FormattedString"):
            is_sentence = " " in module.code_for_node(each.original_node)
            if is_sentence or id(each.original_node) in strings:
                continue
            strings.add(id(each.original_node))
        changed = module.deep_replace(each.original_node, each.mutated_node).code
        pairs = enumerate(zip(code.splitlines(), changed.splitlines(), strict=False), 1)
        line = next((number for number, (old, new) in pairs if old != new), 0)
        if line:
            found.setdefault(changed, Mutant(kind, line, changed))
    return sorted(found.values(), key=lambda each: (each.kind in _LAST, each.line))


def _deciding() -> list[tuple[Any, Callable[[Any], Iterable[Any]]]]:
    """Further kinds of mutants: what is decided is always so, or is not said, or not done."""
    cst: Any = importlib.import_module("libcst")

    def always(node: Any) -> Iterable[Any]:
        for value in ("True", "False"):
            yield node.with_changes(test=cst.Name(value))

    def nothing(node: Any) -> Iterable[Any]:
        if node.value is not None and getattr(node.value, "value", "") != "None":
            yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))

    def left_out(node: Any) -> Iterable[Any]:
        if isinstance(node.value, (cst.Call, cst.Await)):
            yield node.with_changes(value=cst.Ellipsis())

    def one_side(node: Any) -> Iterable[Any]:
        yield node.left
        yield node.right

    def one_fewer(node: Any) -> Iterable[Any]:
        # There is no way to write an empty set.
        least = 2 if isinstance(node, cst.Set) else 1
        for index in range(len(node.elements) if len(node.elements) >= least else 0):
            yield node.with_changes(elements=[*node.elements[:index], *node.elements[index + 1 :]])

    return [
        (cst.If, always),
        (cst.While, lambda node: list(always(node))[1:]),
        (cst.CompIf, always),
        (cst.Return, nothing),
        (cst.Expr, left_out),
        (cst.BooleanOperation, one_side),
        (cst.Raise, lambda node: [cst.Pass()]),
        (cst.Continue, lambda node: [cst.Pass()]),
        *((each, one_fewer) for each in (cst.Tuple, cst.List, cst.Set, cst.Dict)),
    ]


def _statements(code: str) -> dict[int, set[int]]:
    """Line → all lines of the innermost statement, or head of a block, that it belongs to.

    The head of a function, with its default values, belongs to all of its body: it runs at import only.
    """
    lines: dict[int, set[int]] = {}
    heads: list[tuple[set[int], set[int]]] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.stmt, ast.excepthandler)):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            own = set(range(node.lineno, max(node.lineno, end) + 1))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                heads.append((own, set(range(node.lineno, (node.end_lineno or node.lineno) + 1))))
            for line in own:
                if line not in lines or len(own) < len(lines[line]):
                    lines[line] = own
    return {**lines, **{line: whole for own, whole in heads for line in own}}


def _change(old: str, new: str) -> str:
    lines = unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    return "\n".join(list(lines)[2:])


def main(arguments: Sequence[str]) -> int:
    """Run the mutants of a file by these tests, and print those that survive. Gives 0 if there are none."""
    file, *tests = arguments
    hunt = _Hunt(file, os.environ.get("ONLY", ""), os.environ.get("KINDS", "").split())
    result = pytest.main([*_ARGUMENTS, *(f"tests/{each}" for each in tests)], plugins=[hunt])
    if result not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        print(f"{file}: not run", flush=True)  # noqa: T201
        return 2
    print(f"{file}: {hunt.count} mutants, {hunt.survivors} survived", flush=True)  # noqa: T201
    return 1 if hunt.survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
