"""Add this server to the configuration of a host, or show what to add."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ...tools import without_secrets
from ..hosts.configuration import Change, bring_back, planned, rendered, shown_diff, write
from ..hosts.cost import cost_lines
from ..hosts.edit import BrokenFile, CannotKeep
from ..hosts.entry import HostEntry, edits_for, wanted_entry
from ..hosts.hosts import HOSTS, Host
from ..hosts.machine import Machine
from ..settings.settings import Settings

__all__ = ["How", "set_up_host", "undo_setup"]

_NO_REFERENCE = (
    "{title} cannot read variables from outside its file. Install the bundle, which asks for secrets and"
    " keeps them in the system's keychain, or add --with-secrets to write them into the file."
)


@dataclass(frozen=True, slots=True)
class How:
    """How a host is set up: whether the file is written, another file, and whether secrets go into it."""

    writes: bool = False
    file: Path | None = None
    with_secrets: bool = False


def set_up_host(name: str, settings: Settings, how: How) -> int:
    """Print the configuration of a host and what the server costs there, and write it if asked.

    Gives 1 where the file is left as it is because it cannot be changed safely.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: the policy file has a fault.
    """
    host, machine = HOSTS[name], Machine.this()
    file = how.file.expanduser().absolute() if how.file is not None else host.file(machine)
    wanted = wanted_entry(host, machine, settings, with_secrets=how.with_secrets)
    click.echo(f"{host.title}: {file}", err=True)
    for line in cost_lines(host, settings):
        click.echo(f"  {line}", err=True)
    try:
        change = planned(host, file, lambda there: edits_for(host, wanted, there))
    except (BrokenFile, CannotKeep) as fault:
        _print_entry(host, wanted, settings, how)
        problem = "is broken" if isinstance(fault, BrokenFile) else "has to be edited by hand"
        click.echo(f"docreview-mcp: {file} {problem}: {fault}. Nothing was written.", err=True)
        return 1 if how.writes or isinstance(fault, BrokenFile) else 0
    if not how.writes:
        _print_entry(host, wanted, settings, how)
        _print_notes(host, wanted)
        click.echo("  Add --write to write it to the file; a backup is kept.", err=True)
        return 0
    return _write(host, wanted, change, settings)


def undo_setup(name: str, how: How) -> int:
    """Bring the newest backup of a host's file back. Gives 1 where there is none."""
    host = HOSTS[name]
    file = how.file.expanduser().absolute() if how.file is not None else host.file(Machine.this())
    try:
        backup = bring_back(file)
    except BrokenFile as fault:
        click.echo(f"docreview-mcp: {file}: {fault}.", err=True)
        return 1
    click.echo(f"Restored {file} from {backup.name}.")
    return 0


def _write(host: Host, wanted: HostEntry, change: Change, settings: Settings) -> int:
    if change.after == change.before:
        click.echo(f"{change.file} is already up to date; nothing was written.")
        return 0
    click.echo(without_secrets(shown_diff(change), settings.secrets))
    try:
        backup = write(change)
    except BrokenFile as fault:
        click.echo(f"docreview-mcp: {change.file}: {fault}.", err=True)
        return 1
    if backup is None:
        click.echo(f"Created {change.file}. To undo this, delete it.", err=True)
    else:
        click.echo(f"Wrote {change.file}; the previous one is kept as {backup.name}.", err=True)
        click.echo(f"  docreview-mcp setup {host.name} --undo restores it.", err=True)
    _print_notes(host, wanted)
    return 0


def _print_entry(host: Host, wanted: HostEntry, settings: Settings, how: How) -> None:
    """The entry on stdout by itself. With its secrets only if the user wants them in the file."""
    text = rendered(host, edits_for(host, wanted, {}))
    click.echo(text if how.with_secrets else without_secrets(text, settings.secrets), nl=False)


def _print_notes(host: Host, wanted: HostEntry) -> None:
    if wanted.stored_elsewhere and host.secrets == "none":
        click.echo(f"  {_NO_REFERENCE.format(title=host.title)}", err=True)
    elif wanted.stored_elsewhere:
        names = ", ".join(wanted.stored_elsewhere)
        click.echo(
            f"  {host.title} reads these variables from the environment that it starts in: {names}.", err=True
        )
    if host.then:
        click.echo(f"  {host.then}", err=True)
