"""A virtual environment of its own for FastMCP, so that the project does not depend on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

__all__ = ["REQUIREMENT", "FastMcpMissingError", "fastmcp_python"]

REQUIREMENT = "fastmcp>=4,<5"
_PROBE = "from importlib.metadata import version; print(version('fastmcp'))"


class FastMcpMissingError(RuntimeError):
    """FastMCP cannot be measured here; the message says why in a few words."""


def fastmcp_python(folder: Path, console: Console) -> tuple[str, str]:
    """The interpreter of the environment in `folder` and its FastMCP version; installs it on the first run.

    Raises:
        FastMcpMissingError: it cannot be installed, for example without a network.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = _output([str(python), "-c", _PROBE]) if python.exists() else None
    if installed is None:
        console.print(
            f"FastMCP is no dependency of docreview: installing {REQUIREMENT} into {folder.name}/,"
            " only for this comparison.",
            markup=False,
        )
        _run([sys.executable, "-m", "venv", str(folder)], "a virtual environment could not be made")
        _run([str(python), "-m", "pip", "install", "-q", REQUIREMENT], f"pip could not install {REQUIREMENT}")
        installed = _output([str(python), "-c", _PROBE])
    if installed is None:
        raise FastMcpMissingError(f"{REQUIREMENT} was installed but cannot be imported")
    return str(python), installed


def _run(command: Sequence[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:]
        sys.stderr.write("".join(f"{line}\n" for line in last))
        raise FastMcpMissingError(failure)


def _output(command: Sequence[str]) -> str | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
