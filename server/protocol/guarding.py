"""What guards the writes of a server, made from its settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from ...tools import Codes, Guards, MemoryMarks
from ...tools.checks.checker import Checker
from ...tools.checks.own_check import CheckFile
from ..journal.marks import StoredMarks
from ..journal.seal_keys import seal_keys
from ..journal.store import open_journal
from ..services.upstream import Services, secrets_of_caller
from ..settings.settings import Settings

__all__ = ["guards_for"]


def guards_for(
    settings: Settings,
    checks: CheckFile | None,
    services: Services,
    closing: AsyncExitStack,
) -> Guards:
    """The guards for these settings; what they keep open is closed with `closing`."""
    journal = open_journal(settings, lambda: (*services.own.secrets, *secrets_of_caller()))
    if journal is not None:
        closing.callback(journal.stop)
    marks = MemoryMarks() if journal is None else StoredMarks(journal)
    guards = Guards(
        settings.confirm,
        journal,
        settings.journal_required,
        codes=Codes(keys=seal_keys(settings), marks=marks),
        marks=marks,
        checks=Checker(checks),
    )
    closing.push_async_callback(guards.checks.close)
    return guards
