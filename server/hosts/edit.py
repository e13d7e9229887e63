"""What is to be changed in a configuration file, and why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["BrokenFile", "CannotKeep", "Edit"]


class BrokenFile(ValueError):  # noqa: N818 - the state of the file, as its reader sees it
    """The file is not what its host can read; the message says where and why."""


class CannotKeep(ValueError):  # noqa: N818 - what the editor has to say
    """The file cannot be changed without losing something of it; the message says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The value that is to be at a path. With `appends`, the path is a list and gets these values added."""

    path: Sequence[str]
    value: Any
    appends: bool = False
