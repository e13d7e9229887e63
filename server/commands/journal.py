"""The journal for a person: list it, take it out whole, and check that nobody changed it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from ...tools.hidden_characters import hidden_pattern
from ...tools.journal.entries import Entry, JournalFault
from ...tools.untrusted import one_line
from ..journal.store import StoredJournal, open_journal
from ..settings.settings import Settings

if TYPE_CHECKING:
    from ..journal.verification import Verification

__all__ = ["export_journal", "list_journal", "rebuild_journal", "verify_journal"]

_COLUMNS: Sequence[tuple[str, Callable[[Entry], str]]] = (
    ("entry", lambda entry: str(entry.number)),
    ("time", lambda entry: entry.at[:19] + "Z"),
    ("tool", lambda entry: entry.opening.tool),
    ("outcome", lambda entry: _outcome(entry)),
    ("about", lambda entry: " ".join(entry.opening.about)),
    ("host", lambda entry: entry.opening.caller.host),
    ("user", lambda entry: entry.opening.caller.user),
    ("reason", lambda entry: entry.opening.reason),
)
_HASH = re.compile(r"[0-9a-f]{64}|hmac-sha256:[A-Za-z0-9_-]{43}")
_REBUILD = "To make them anew, run docreview-mcp journal rebuild."
_STYLES = {"done": "green", "not done": "red", "unknown": "yellow", "under way": "yellow"}


def list_journal(settings: Settings, limit: int, about: Sequence[str]) -> int:
    """Print the newest entries, the newest first: a table for people, else a line with tabs for each."""
    return _with_journal(settings, partial(_list, limit=limit, about=about))


def export_journal(settings: Settings, output: Path | None) -> int:
    """Write every entry with its records as a line of JSON, the oldest first, to a file or to stdout."""
    return _with_journal(settings, partial(_export, output=output))


def verify_journal(settings: Settings, expected: str | None = None) -> int:
    """Walk the chain of records, which has to hold the hash that is `expected`.

    Gives 1, and prints what is wrong, if it does not hold or cannot be checked.
    """
    if expected is not None and not _HASH.fullmatch(expected := expected.strip()):
        wanted = (
            "a hash as printed by journal verify: 64 hexadecimal digits, or hmac-sha256: and 43 characters"
        )
        click.echo(f"docreview-mcp: --expect: expected {wanted}; got {_printable(expected)}", err=True)
        return 2
    return _with_journal(settings, partial(_verify, expected=expected or ""))


def rebuild_journal(settings: Settings) -> int:
    """Make the index for finding entries anew from the records, and what is counted for limits."""
    return _with_journal(settings, _rebuild)


def _with_journal(settings: Settings, work: Callable[[StoredJournal], int]) -> int:
    journal = open_journal(settings, lambda: settings.secrets)
    if journal is None:
        click.echo("docreview-mcp: no journal is kept: DOCREVIEW_JOURNAL is none", err=True)
        return 2
    try:
        return work(journal)
    except JournalFault as fault:
        click.echo(f"docreview-mcp: {one_line(str(fault))}", err=True)
        return 1
    finally:
        journal.stop()


def _outcome(entry: Entry) -> str:
    if entry.undone_by is not None:
        return f"undone by {entry.undone_by}"
    unclear = " ".join(str(each.number) for each in entry.undo_unclear)
    return f"{entry.outcome}, undo unclear: {unclear}" if unclear else entry.outcome


def _list(journal: StoredJournal, *, limit: int, about: Sequence[str]) -> int:
    entries = anyio.run(partial(journal.entries, about=about, limit=limit))
    if not entries:
        return _nothing(journal, "about these ids" if about else "")
    rows = [(entry, [_printable(column_text(entry)) for _, column_text in _COLUMNS]) for entry in entries]
    if not sys.stdout.isatty():
        for _, cells in rows:
            click.echo("\t".join(cells))
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(name for name, _ in _COLUMNS), box=None)
    for entry, cells in rows:
        table.add_row(
            *map(Text, cells), style=_STYLES.get(entry.outcome) if entry.outcome != "done" else None
        )
    Console().print(table)
    return 0


def _export(journal: StoredJournal, *, output: Path | None) -> int:
    lines = (json.dumps(entry) for entry in journal.all_entries())
    first = next(lines, None)
    if first is None:
        return _nothing(journal)
    lines = chain([first], lines)
    if output is None:
        for line in lines:
            click.echo(line)
        return 0
    try:
        count = _write(output, lines)
    except OSError as error:
        click.echo(f"docreview-mcp: {output} cannot be written: {error.strerror}", err=True)
        return 1
    click.echo(f"{count} entries written to {output}", err=True)
    return 0


def _verify(journal: StoredJournal, *, expected: str) -> int:
    found = journal.verify(expected)
    faults = list(_faults(found, expected, has_key=journal.has_key))
    if not found.count and not faults:
        return _nothing(journal)
    if not found.broken:
        click.echo(f"{found.count} records, the chain is intact; the last hash is {found.last_hash}")
    if found.keyed and not found.is_unchecked:
        click.echo(f"{found.keyed} records, from record {found.keyed_from} on, are protected by the key.")
    if found.expected_at:
        click.echo(f"The expected hash belongs to record {found.expected_at}.")
    for fault in faults:
        click.echo(fault)
    return 1 if faults else 0


def _rebuild(journal: StoredJournal) -> int:
    count = journal.rebuild()
    if not count:
        return _nothing(journal)
    click.echo(f"The index was made anew from the records; entries: {count}.")
    return 0


def _faults(found: Verification, expected: str, *, has_key: bool) -> Iterator[str]:
    """What keeps the journal from being as it was written, or that from being known."""
    if found.broken:
        yield f"The chain is broken after {found.count} records: {one_line(found.broken)}."
    if found.is_unchecked:
        yield (
            f"{found.keyed} records, from record {found.keyed_from} on, are protected by a key; to check"
            " them, set DOCREVIEW_JOURNAL_KEY."
        )
    if has_key and found.count and not found.keyed and not found.broken:
        yield (
            "No record is protected by the key: either none was written since it was set, or the chain was"
            " rewritten without it. Only a hash noted earlier (--expect) can show which."
        )
    if found.index:
        yield f"The index for finding entries does not match the records: {found.index}. {_REBUILD}"
    if found.counts:
        yield f"The writes counted for limits do not match the records: {found.counts}. {_REBUILD}"
    if expected and not found.expected_at:
        where = "in the intact part" if found.broken else "in the chain"
        yield (
            f"The expected hash is not {where}: records were cut off or rewritten since it was noted, or it"
            " belongs to another journal."
        )


def _nothing(journal: StoredJournal, about: str = "") -> int:
    click.echo(
        f"docreview-mcp: no entries {about}".rstrip() + f" in the journal ({journal.where()})", err=True
    )
    return 0


def _write(output: Path, lines: Iterable[str]) -> int:
    """Into a file for this user alone, as it holds what stands in documents. Gives the number of lines."""
    with os.fdopen(
        os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        return sum(file.write(f"{line}\n") > 0 for line in lines)


def _printable(text: str) -> str:
    """Text in which nothing moves the cursor, colours, hides or turns round what stands beside it."""
    printable = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return hidden_pattern().sub(lambda found: ascii(found[0])[1:-1], printable)
