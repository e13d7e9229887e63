"""A Studio sandbox without the network: its operations as a user calls them, by a clock that tests move."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import docreview_mcp.sandbox.studio as package
import pytest
from docreview_mcp.sandbox.service import HANDLERS, Call, Refusal, UploadedFile
from docreview_mcp.sandbox.studio.data import furnished_studio

for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Studio:
    """A sandbox with a clock that stands still until it is moved."""

    def __init__(self, work_seconds: float = 2.0) -> None:
        self.clock = Clock()
        self.state = furnished_studio(clock=self.clock, work_seconds=work_seconds)
        self.user = "demo@docreview.example"

    def __call__(
        self, operation: str, body: Any = None, *, file: UploadedFile | None = None, **given: Any
    ) -> Any:
        """Carry out an operation; `given` holds path and query values alike."""
        files = {"file": file} if file else {}
        return HANDLERS[operation](self.state, Call(given, given, body, files, "http://sandbox", self.user))

    def refused(self, operation: str, body: Any = None, **given: Any) -> int:
        with pytest.raises(Refusal) as refusal:
            self(operation, body, **given)
        return refusal.value.status
