"""What of this computer decides where the programs that start the server keep their files."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

__all__ = ["Machine", "Platform"]

Platform = Literal["linux", "macos", "windows"]

_UVX = ("archive-v0", "environments-v2")
"""Folders in the cache of uv, in which `uvx` keeps a program for a while only."""


_NAME = "docreview-mcp"
_OF_EXTRA = re.compile(r"""(?P<library>[\w.-]+)[^;]*;.*\bextra == ["'](?P<extra>[\w.-]+)["'].*""")


def _installed_extras() -> tuple[str, ...]:
    """The extras of this package whose libraries are all there, without those that bring none."""
    try:
        needs = metadata.requires(_NAME) or []
    except metadata.PackageNotFoundError:
        return ()
    libraries: dict[str, list[str]] = {}
    for need in needs:
        if found := _OF_EXTRA.fullmatch(need):
            libraries.setdefault(found["extra"], []).append(found["library"])
    return tuple(sorted(extra for extra, names in libraries.items() if all(map(_is_installed, names))))


def _is_installed(library: str) -> bool:
    return any(True for _ in metadata.distributions(name=library))


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer, its user's home folder and environment, and the Python that runs this program.

    `extras` are those of this package that are installed beside it.
    """

    platform: Platform
    home: Path
    environ: Mapping[str, str]
    python: Path
    extras: tuple[str, ...] = ()

    @classmethod
    def this(cls) -> Machine:
        """The computer that this program runs on."""
        names: dict[str, Platform] = {"win32": "windows", "darwin": "macos"}
        platform = names.get(sys.platform, "linux")
        return cls(platform, Path.home(), os.environ, Path(sys.executable), _installed_extras())

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
        package = f"{_NAME}[{','.join(self.extras)}]"
        if any(part in _UVX for part in parts):
            source = ("--from", package) if self.extras else ()
            return shutil.which("uvx") or "uvx", [*source, _NAME]
        if self._is_run_by_pipx():
            source = ("--spec", package) if self.extras else ()
            return shutil.which("pipx") or "pipx", ["run", *source, _NAME]
        script = self.python.with_name("docreview-mcp.exe" if self.is_windows else "docreview-mcp")
        if script.exists():
            return str(script), []
        return str(self.python), ["-m", "docreview_mcp.server"]

    def _is_run_by_pipx(self) -> bool:
        """Whether `pipx run` made this environment, which it deletes some days later."""
        environment = self.python.parent.parent
        is_known = "pipx" in environment.parts or (environment / "pipx_metadata.json").exists()
        return is_known and ".cache" in environment.parts

    def _variable(self, name: str, otherwise: Path) -> Path:
        given = Path(self.environ.get(name, ""))
        return given if given.is_absolute() else otherwise
