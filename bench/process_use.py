"""What a process has used so far, as the system tells it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["cpu_seconds", "memory_bytes"]


def cpu_seconds(process: int) -> float | None:
    """The processor time of a process; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(process: int) -> int | None:
    """The resident memory of a process; None where the system does not tell."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        if sys.platform != "win32":
            listed = subprocess.run(
                ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, check=False
            )
            return int(listed.stdout) * 1024 if listed.stdout.strip() else None
    return None
