"""Commands that have commands of their own: `key`, `credentials` and `journal`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .command_options import settings_of

__all__ = ["COMMAND_GROUPS"]


@click.group()
def key() -> None:
    """Create keys for callers of docreview-mcp http (DOCREVIEW_AUTH=keys)."""


@key.command("new")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(("docreview:read", "docreview:write", "docreview:admin")),
    help="What the key allows; can be repeated. Every key allows reading.",
)
@click.option(
    "--group", "groups", multiple=True, help="A policy group that the key belongs to; can be repeated."
)
def key_new(name: str, scopes: Sequence[str], groups: Sequence[str]) -> None:
    """Add a key for NAME to the file in DOCREVIEW_KEYS and print it. It is not shown again."""
    from .commands.key import new_key
    from .http.settings import read_http_settings

    sys.exit(new_key(read_http_settings(), name, scopes, groups))


@click.group()
def credentials() -> None:
    """Store credentials for callers of docreview-mcp http (DOCREVIEW_CREDENTIALS=store)."""


@credentials.command("set")
@click.argument("subject")
def credentials_set(subject: str) -> None:
    """Store credentials for SUBJECT (the caller's name in the journal), replacing any stored ones.

    Prompts for them, or reads lines from stdin: NANONETS_API_KEY=…, STUDIO_TOKEN=…, or STUDIO_EMAIL=… and
    STUDIO_PASSWORD=…
    """
    from .commands.credentials import set_credentials

    sys.exit(set_credentials(settings_of({}), subject))


@credentials.command("list")
def credentials_list() -> None:
    """List the callers with stored credentials, and for which services. Prints no secrets."""
    from .commands.credentials import list_credentials

    sys.exit(list_credentials(settings_of({})))


@credentials.command("remove")
@click.argument("subject")
def credentials_remove(subject: str) -> None:
    """Delete the stored credentials of SUBJECT."""
    from .commands.credentials import remove_credentials

    sys.exit(remove_credentials(settings_of({}), subject))


@click.group(invoke_without_command=True)
@click.pass_context
def journal(context: click.Context) -> None:
    """List the writes to the services, export them, or verify that the journal is unaltered."""
    if context.invoked_subcommand is None:
        context.invoke(journal_list)


@journal.command("list")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of entries."
)
@click.option("--about", multiple=True, metavar="ID", help="Only entries about this id; can be repeated.")
def journal_list(limit: int = 20, about: Sequence[str] = ()) -> None:
    """List the newest writes (the default)."""
    from .commands.journal import list_journal

    sys.exit(list_journal(settings_of({}), limit, about))


@journal.command("export")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout."
)
def journal_export(output: Path | None) -> None:
    """Print every entry with its records and hashes as one line of JSON, oldest first."""
    from .commands.journal import export_journal

    sys.exit(export_journal(settings_of({}), output))


@journal.command("verify")
@click.option("--expect", metavar="HASH", help="A hash noted earlier, whose record must still exist.")
def journal_verify(expect: str | None) -> None:
    """Check that no record was changed, removed or inserted.

    Note the last hash: passed later as --expect, it proves that no record up to it was cut off or rewritten.
    To check records written with DOCREVIEW_JOURNAL_KEY, set that key.
    """
    from .commands.journal import verify_journal

    sys.exit(verify_journal(settings_of({}), expect))


@journal.command("rebuild")
def journal_rebuild() -> None:
    """Make the index for finding entries anew from the records, if verify says that it does not match.

    With PostgreSQL, what is counted for limits is made anew too; this needs the role that owns the tables.
    """
    from .commands.journal import rebuild_journal

    sys.exit(rebuild_journal(settings_of({})))


COMMAND_GROUPS = (key, credentials, journal)
