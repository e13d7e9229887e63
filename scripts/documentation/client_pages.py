"""A page for each host and framework: how to connect it, what its user sees, and what was seen there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docreview_mcp.server.hosts.hosts import HOSTS, Host
from docreview_mcp.server.hosts.machine import Machine, Platform

from ..project import ROOT
from .clients import Client, clients

__all__ = ["client_pages"]

_HOME = Path("/home/you")
_SYSTEMS: dict[Platform, str] = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}


def client_pages(documents: Path) -> dict[Path, str]:
    """The text of each page, by its file."""
    return {
        **{
            documents / "hosts" / f"{name}.md": _page(_host(client, HOSTS[name]))
            for name, client in clients("hosts").items()
        },
        **{
            documents / "frameworks" / f"{name}.md": _page(_framework(client))
            for name, client in clients("frameworks").items()
        },
    }


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _host(client: Client, host: Host) -> Iterator[str]:
    command = f".venv/bin/docreview-mcp setup {host.name}"
    yield from (f"# {host.title}", "", f"`setup` adds docreview to the configuration of {host.title}.", "")
    yield from ("## Set up", "")
    yield (
        "The first line prints the entry for sample data. The second adds the one for your accounts: it shows"
        " the change, keeps a backup, and leaves the rest of the file as it was."
    )
    write = f"{command} --write{' --with-secrets' if host.secrets == 'none' else ''}"
    yield from ("", "```", f"{command} --sandbox", write, "```", "", f"Then: {host.then}", "")
    yield from ("| system | file |", "| --- | --- |")
    for system, title in _SYSTEMS.items():
        file = host.file(Machine(system, _HOME, {}, _HOME / "python"))
        yield f"| {title} | `~/{file.relative_to(_HOME).as_posix()}` |"
    yield from ("", f"Keys and passwords come from: {client.secrets}. `--undo` restores the backup.", "")
    yield from (f"- {note}" for note in client.notes)
    yield from [""] if client.notes else []
    yield from ("## What you see", "")
    not_run = "" if client.tried else f" {host.title} itself was not run for this page."
    shown = " and ".join(f"`{each}`" for each in client.shows)
    yield (
        f"{shown} of {host.title} {client.tried} after these steps, on sample data:"
        if client.shows
        else f"This is what `setup` prints.{not_run}"
    )
    alternative = f"What {client.shows[0]} shows" if client.shows else f"What setup {host.name} prints"
    yield from ("", f"![{alternative}](../images/hosts/{host.name}.svg)", "")
    yield from _seen(client)
    yield f"{host.title} describes its file in [its documentation]({host.source})."


def _framework(client: Client) -> Iterator[str]:
    yield from (
        f"# {client.title}",
        "",
        f"docreview works with {client.title} over stdio. {client.about}".rstrip(),
        "",
    )
    if client.example:
        program = (ROOT / "examples" / f"{client.example}.py").read_text(encoding="utf-8")
        packages = (ROOT / "examples" / "requirements" / f"{client.example}.txt").read_text(encoding="utf-8")
        names = ", ".join(f"`{line}`" for line in packages.split())
        yield f"This program is `examples/{client.example}.py` of the repository. CI runs it with {names}."
        yield from ("", "```python", program.rstrip(), "```", "")
        yield (
            "It runs on sample data. For your accounts, leave out `--sandbox` and set your credentials in the"
            " environment."
        )
    else:
        yield "Give it this command, in the environment that has your credentials:"
        yield from ("", "```", "docreview-mcp stdio --sandbox", "```", "", "`--sandbox` is for sample data.")
    yield ""
    yield from (f"- {note}" for note in client.notes)
    yield from [""] if client.notes else []
    yield from _seen(client)
    yield "[Hosts and frameworks](../hosts.md#what-was-seen) compares it with others."


def _seen(client: Client) -> Iterator[str]:
    """What was seen, as a table, if the client was tried."""
    if not client.tried:
        return
    yield from (
        "## What was seen",
        "",
        f"Tried in November 2026, over stdio, on sample data: {client.tried}.",
        "",
    )
    yield from ("| | |", "| --- | --- |", f"| era of the protocol | {client.era} |")
    if client.tools:
        yield f"| tools listed | all {client.tools} |"
    yield f"| images | {client.pictures} |"
    yield f"| confirmation | {client.confirmation} |"
    yield from (f"| processes | {client.processes} |", "")
