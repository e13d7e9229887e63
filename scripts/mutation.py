"""Mutation testing of the guards and the journal: what could be broken with all of their tests still green.

mutmut finds mutants by the path under which a file is imported. Our folders are installed as parts of the
package `docreview_mcp`, so each file is tested in a copy of the project in which they lie under that name.
One file after the other: its mutants are run by the tests that the table names, those that reach the mutated
function only, up to the first that fails. What pyright rejects counts as found, and no test runs for it.

    make mutation                                      all files of the table
    make mutation FILES="tools/guards/agreement.py"    some of them

mutmut leaves decorated functions and constants of modules as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["TESTS", "main"]

ROOT = Path(__file__).parents[1]
WORK = ROOT / ".mutation"
_PACKAGES = ("schemas", "tools", "server", "sandbox")

TESTS: Mapping[str, Sequence[str]] = {
    "tools/guards/guard.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_unusual_states.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_agreement.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_summaries.py",
        "tools/guards/test_policy_in_force.py",
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_limits.py",
        "tools/results/test_reported_failures.py",
        "tools/guards/test_changes_in_the_journal.py",
        "tools/guards/test_what_is_recorded.py",
        "tools/guards/test_undo.py",
    ),
    "tools/guards/agreement.py": (
        "tools/guards/test_agreement.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_confirmation.py",
    ),
    "tools/guards/single_flight.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_repeated_calls.py",
        "tools/guards/test_same_moment.py",
        "tools/guards/test_two_servers.py",
    ),
    "tools/guards/changed_since.py": (
        "tools/guards/test_changed_after_verification.py",
        "tools/guards/test_changes_in_the_journal.py",
    ),
    "tools/policy/limits.py": ("tools/guards/test_limits.py",),
    "tools/policy/approval.py": ("tools/guards/test_policy.py",),
    "tools/guards/confirmation_codes.py": (
        "tools/guards/test_codes.py",
        "tools/guards/test_confirmation.py",
        "tools/guards/test_across_processes.py",
        "tools/guards/test_same_moment.py",
    ),
    "tools/guards/document_locks.py": ("tools/guards/test_agreement.py", "tools/guards/test_same_moment.py"),
    "tools/guards/journal_recording.py": (
        "tools/guards/test_guarded_writes.py",
        "tools/guards/test_interrupted_writes.py",
        "tools/guards/test_what_is_recorded.py",
    ),
    "tools/guards/expectation.py": (
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_guarded_writes.py",
    ),
    "tools/policy/policy.py": (
        "tools/guards/test_policy.py",
        "tools/guards/test_policy_in_force.py",
        "tools/guards/test_approval.py",
        "tools/guards/test_odd_forms.py",
    ),
    "tools/documents/field_state.py": (
        "tools/guards/test_odd_forms.py",
        "tools/guards/test_approval.py",
        "tools/guards/test_old_look.py",
        "tools/guards/test_old_look_of_parts.py",
        "tools/guards/test_changed_after_verification.py",
        "tools/guards/test_summaries.py",
    ),
    "server/journal/view.py": (
        "tools/guards/test_two_servers.py",
        "tools/guards/test_limits.py",
        "tools/guards/test_across_processes.py",
    ),
    "server/journal/marks_table.py": ("server/journal/test_marks.py",),
}
"""File → the tests that are to find its mutants."""

_SETTINGS = """
[tool.mutmut]
source_paths = ["docreview_mcp"]
only_mutate = [{file}]
# One era is enough here: the one in which a person is asked within a call.
pytest_add_cli_args = ["-n", "0", "-p", "no:cacheprovider", "-k", "not auto"]
pytest_add_cli_args_test_selection = {tests}
# Sentences for people may change.
do_not_mutate_patterns = ['^\\s*(happened=|next_step=|said = )?\\(?f?"[^"]* [^"]* [^"]*"']
type_check_command = {types}
timeout_multiplier = 4.0
timeout_constant = 10.0
"""
"""What is added to pyproject.toml in the copy."""

_RUN = """
from itertools import islice

from mutmut.mutation import mutators

def one_other_text(node):
    return islice(mutators.operator_string(node), 1)

found = mutators.mutation_operators
found[:] = [(kind, one_other_text if each is mutators.operator_string else each) for kind, each in found]

from mutmut import __main__

__main__.run_forced_fail_test = lambda runner: None
__main__.cli(["run"])
"""
"""Runs mutmut, with one other text for each text: two more in other cases find nothing more.

Not with the trial in which everything fails: tests that wait for a call would wait for ever.
"""

_TYPES = {"typeCheckingMode": "basic", "pythonVersion": "3.11", "include": ["docreview_mcp"]}

_SURVIVED, _NO_TESTS, _TYPE_ERROR = 0, 33, 37
"""Codes of mutmut for the end of a mutant; any other one says that a test failed or did not end."""


def main(files: Sequence[str]) -> int:
    """Run the mutants of these files, or of all, and print those that survive. Gives 0 if there are none."""
    unknown = [each for each in files if each not in TESTS]
    if unknown:
        print(f"Not in the table of {Path(__file__).name}: {', '.join(unknown)}", file=sys.stderr)  # noqa: T201
        return 2
    survivors = [_run(file) for file in files or TESTS]
    return 1 if any(survivors) else 0


def _run(file: str) -> int:
    """Run the mutants of one file; gives the number of those that survived."""
    folder = WORK / file.replace("/", "-").removesuffix(".py")
    # A mutant that changes the type of an attribute makes pyright complain of other lines, which ends mutmut.
    endings = _endings_of(file, folder, ("pyright", "--outputjson", f"docreview_mcp/{file}"))
    endings = endings or _endings_of(file, folder, ())
    if not endings:
        print(f"{file}: not all mutants were run; see {folder / 'log.txt'}", flush=True)  # noqa: T201
        return 1
    codes = Counter(endings.values())
    killed = len(endings) - codes[_SURVIVED] - codes[_NO_TESTS] - codes[_TYPE_ERROR]
    print(  # noqa: T201
        f"{file}: {len(endings)} mutants, {killed} found by tests, {codes[_TYPE_ERROR]} by pyright,"
        f" {codes[_SURVIVED]} survived, {codes[_NO_TESTS]} without a test",
        flush=True,
    )
    alive = [name for name, code in endings.items() if code in (_SURVIVED, _NO_TESTS)]
    for name in alive:
        command = [Path(sys.executable).with_name("mutmut"), "show", name]
        subprocess.run(command, cwd=folder, check=False)
    return len(alive)


def _endings_of(file: str, folder: Path, type_check: Sequence[str]) -> dict[str, int]:
    """Run the mutants of a file in a folder. Mutant → the code of its end; empty if not all were run."""
    _copy(folder, file, type_check)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # For the processes that tests start.
        "PYTHONPATH": str(folder / "mutants"),
    }
    with (folder / "log.txt").open("w") as log:
        command = [sys.executable, "-c", _RUN]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
    found = folder / "mutants" / "docreview_mcp" / f"{file}.meta"
    if done.returncode or not found.exists():
        return {}
    endings = json.loads(found.read_text())["exit_code_by_key"]
    return {} if None in endings.values() else endings


def _copy(folder: Path, file: str, type_check: Sequence[str]) -> None:
    """Lay out the project as it is imported."""
    shutil.rmtree(folder, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__")
    for name in _PACKAGES:
        shutil.copytree(ROOT / name, folder / "docreview_mcp" / name, ignore=without)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=without)
    tests = [f"tests/{each}" for each in TESTS[file]]
    added = _SETTINGS.format(
        file=json.dumps(f"docreview_mcp/{file}"), tests=json.dumps(tests), types=json.dumps(type_check)
    )
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + added)
    types = {**_TYPES, "venvPath": str(ROOT), "venv": Path(sys.prefix).name}
    (folder / "mutants").mkdir()
    (folder / "mutants" / "pyrightconfig.json").write_text(json.dumps(types))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
