"""Text on standard input and output, wherever they lead to."""

from __future__ import annotations

import io
import os
import sys

__all__ = ["use_utf8"]


def use_utf8() -> None:
    """Read and write UTF-8 through pipes and files of Windows, whose own encoding lacks most letters.

    A terminal keeps its encoding, and so does whoever set PYTHONIOENCODING. Letters that an encoding lacks
    are replaced, as a mark in their place is better than no answer.
    """
    is_chosen = "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if sys.platform == "win32" and not is_chosen and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
        elif stream is not sys.stdin and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="backslashreplace")
