"""What of this computer decides where the programs that start the server keep their files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Machine", "Platform"]

Platform = Literal["linux", "macos", "windows"]

_UVX = ("archive-v0", "environments-v2")
"""Folders in the cache of uv, in which `uvx` keeps a program for a while only."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer, its user's home folder and environment, and the Python that runs this program."""

    platform: Platform
    home: Path
    environ: Mapping[str, str]
    python: Path

    @classmethod
    def this(cls) -> Machine:
        """The computer that this program runs on."""
        names: dict[str, Platform] = {"win32": "windows", "darwin": "macos"}
        return cls(names.get(sys.platform, "linux"), Path.home(), os.environ, Path(sys.executable))

    @property
    def roaming(self) -> Path:
        """Where programs with windows keep their settings."""
        if self.platform == "macos":
            return self.home / "Library" / "Application Support"
        return (
            self._variable("APPDATA", self.home / "AppData" / "Roaming") if self.is_windows else self.config
        )

    @property
    def local(self) -> Path:
        """Where Windows keeps what stays on this computer."""
        return self._variable("LOCALAPPDATA", self.home / "AppData" / "Local")

    @property
    def config(self) -> Path:
        """Where programs of the terminal keep their settings."""
        return self._variable("XDG_CONFIG_HOME", self.home / ".config")

    @property
    def is_windows(self) -> bool:
        """Whether its paths are those of Windows."""
        return self.platform == "windows"

    def folder(self, variable: str, usual: str) -> Path:
        """A folder that a variable may name, otherwise one in the home folder."""
        return self._variable(variable, self.home / usual)

    def command(self) -> tuple[str, list[str]]:
        """The program and arguments that start this server again, from any working directory."""
        parts = self.python.parts
        if any(part in _UVX for part in parts):
            return shutil.which("uvx") or "uvx", ["docreview-mcp"]
        if "pipx" in parts and ".cache" in parts:
            return shutil.which("pipx") or "pipx", ["run", "docreview-mcp"]
        script = self.python.with_name("docreview-mcp.exe" if self.is_windows else "docreview-mcp")
        if script.exists():
            return str(script), []
        return str(self.python), ["-m", "docreview_mcp.server"]

    def _variable(self, name: str, otherwise: Path) -> Path:
        given = Path(self.environ.get(name, ""))
        return given if given.is_absolute() else otherwise
