"""Make or change the journal's tables in PostgreSQL."""

from __future__ import annotations

import click

from ...tools.journal.entries import JournalFault
from ...tools.untrusted import one_line
from ..journal.migrating import migrate_tables
from ..settings.journal_place import journal_place, keeps_journal
from ..settings.settings import Settings

__all__ = ["migrate"]


def migrate(settings: Settings) -> int:
    """Bring the tables to this version, and say what was done. Gives 1 if that failed."""
    place = journal_place(settings.journal, sandbox=settings.sandbox)
    if not keeps_journal(settings.journal) or not place.url:
        click.echo("Nothing to do: only a journal in PostgreSQL (DOCREVIEW_JOURNAL) needs this command.")
        return 0
    try:
        before, after = migrate_tables(place)
    except JournalFault as fault:
        click.echo(f"docreview-mcp: {one_line(str(fault))}", err=True)
        return 1
    if before == after:
        click.echo(f"The journal {place.shown} already has the tables of this version ({after}).")
    else:
        click.echo(f"The journal {place.shown} now has the tables of this version ({after}).")
    return 0
