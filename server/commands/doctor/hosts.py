"""What `docreview-mcp doctor` says of the hosts on this computer that start the server."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from ...hosts.configuration import parsed, read_file
from ...hosts.edit import BrokenFile, CannotKeep
from ...hosts.hosts import HOSTS, Host
from ...hosts.machine import Machine
from ...settings.placeholders import is_placeholder
from ...settings.texts import is_secret

__all__ = ["configuration_remarks"]

Remark = tuple[Literal["ok", "note", "fault"], str, str]


def configuration_remarks(machine: Machine) -> list[Remark]:
    """For each host whose own file names this server: whether it would start. Values are never shown."""
    return [remark for host in HOSTS.values() for remark in _remarks(host, host.file(machine))]


def _remarks(host: Host, file: Path) -> list[Remark]:
    try:
        text = read_file(file)
        entry = _entry(host, parsed(host, text)) if text and "docreview" in text else None
    except CannotKeep as fault:
        return [("note", host.title, f"{file} could not be read: {fault}")]
    except BrokenFile as fault:
        return [("fault", host.title, f"{file} is broken, so {host.title} starts no server from it: {fault}")]
    if entry is None:
        return []
    again = f"to fix it, run docreview-mcp setup {host.name} --write"
    command = entry.get(host.command_key)
    if not isinstance(command, str) or not command:
        if "url" in entry or "serverUrl" in entry or "httpUrl" in entry:
            return [("ok", host.title, f"{file} refers to a server over HTTP")]
        return [("fault", host.title, f"{file} has no {host.command_key}; {again}")]
    # Where a variable stands in the command, only the host knows what it is.
    if "$" not in command and not _is_program(command):
        return [("fault", host.title, f"{file}: the program {command} does not exist; {again}")]
    environment = entry.get(host.environment_key)
    held: Mapping[str, object] = {}
    if isinstance(environment, Mapping):
        held = cast("Mapping[str, object]", environment)
    written = [
        name for name, value in held.items() if is_secret(name) and value and not is_placeholder(str(value))
    ]
    if written:
        return [
            (
                "note",
                host.title,
                f"{file} contains {', '.join(written)} in plain text, for anyone who can read the file",
            )
        ]
    return [("ok", host.title, f"{file} starts {command}")]


def _is_program(command: str) -> bool:
    return Path(command).is_file() if Path(command).is_absolute() else shutil.which(command) is not None


def _entry(host: Host, there: Mapping[str, object]) -> Mapping[str, object] | None:
    for key in host.path:
        inner = there.get(key)
        if not isinstance(inner, Mapping):
            return None
        there = cast("Mapping[str, object]", inner)
    return there
