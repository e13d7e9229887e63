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
        click.echo("There is nothing to do: only a journal in PostgreSQL needs this (DOCREVIEW_JOURNAL).")
        return 0
    try:
        before, after = migrate_tables(place)
    except JournalFault as fault:
        click.echo(f"docreview-mcp: {one_line(str(fault))}", err=True)
        return 1
    if before == after:
        click.echo(f"The journal {place.shown} has the tables of this version already ({after}).")
    else:
        click.echo(f"The journal {place.shown} now has the tables of this version ({after}).")
    return 0
