"""Runs the official conformance suite against docreview as it is served over HTTP: `make conformance`.

The suite is the npm package `@modelcontextprotocol/conformance`. `tests/conformance/baseline.yaml` says what
a server without sessions cannot pass; another result, better or worse, ends this with 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import yaml

from .project import ROOT

_PACKAGES = ROOT / ".conformance" / "node_modules"
_SUITE = (_PACKAGES / "node" / "bin" / "node", _PACKAGES / ".bin" / "conformance")
_BASELINE = ROOT / "tests" / "conformance" / "baseline.yaml"
_RESULT = re.compile(r"^([✓✗]) ([\w./-]+): \d+ passed, \d+ failed", re.MULTILINE)
_NOT_SCORED = re.compile(r"^ +[✓✗] ([\w./-]+) \(", re.MULTILINE)


def main() -> int:
    """Run every revision, and print how many of its scored scenarios passed."""
    baseline = cast("dict[Any, dict[str, Any]]", yaml.safe_load(_BASELINE.read_text(encoding="utf-8")))
    with _serving() as address:
        statuses = [_run(str(revision), wanted, address) for revision, wanted in baseline.items()]
    return max(statuses)


def _run(revision: str, wanted: dict[str, Any], address: str) -> int:
    command = (*_SUITE, "server", "--url", address, "--requirements", revision)
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=_PACKAGES.parent)
    output = f"{run.stdout}\n{run.stderr}"
    beside = set(_NOT_SCORED.findall(output))
    scored = {name: mark == "✓" for mark, name in _RESULT.findall(output) if name not in beside}
    failed = {name for name, passed in scored.items() if not passed}
    sys.stdout.write(f"{revision}: {len(scored) - len(failed)} of {len(scored)} pass\n")
    for name in sorted(failed):
        sys.stdout.write(f"  not {name}: {wanted['fails'].get(name, 'unexpected')}\n")
    if failed == set(wanted["fails"]) and len(scored) == wanted["scored"]:
        return 0
    passed = ", ".join(sorted(set(wanted["fails"]) - failed)) or "none"
    sys.stdout.write(f"Expected {wanted['scored']} scenarios; unexpected passes: {passed}.\n{output}\n")
    return 1


@contextmanager
def _serving() -> Generator[str]:
    """The address of a server that runs meanwhile."""
    command = [sys.executable, "-m", "tests.conformance.serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())
