"""`review_queue`: what waits for a person in both services, in one list.

A service that fails or has no account does not hide the work of the other one: its failure is reported too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import cast

import anyio

from ....schemas import JsonObject, JsonValue, Operation, Service
from ...documents.values import MIN_CONFIDENCE
from ...failure import ToolFailure
from ...guards.context import CallContext
from ...json_text import compact
from ...requests.moments import moment_in
from ...requests.validation import invalid
from ...results.reply import Reply
from .nanonets import look_at_nanonets
from .search import REASONS, Kind, QueueFilter, Search, Work
from .studio import look_at_studio

__all__ = ["run"]

_MAX_SECONDS = 40.0
"""After so long the search ends with what it has: hosts give a call up after a minute."""

_SHARE_OF_TIME = 0.9
"""Of the time for a call, what the search may take, so that what it found is still told."""

_DEFAULT_LIMIT = 20
_BY_VALUES = frozenset({"doubtful", "unverified", "no_confidence", "failed_check"})
_BY_READING = ("least_confident", "failed_checks")
"""Orders for which each document has to be read."""
_UNTRUSTED = {"entries": ("entries[].name", "entries[].label"), "problems": ("problems[].message",)}
"""The paths with untrusted text, by the part of the answer that has to be there."""

_OWN_CHARACTERS = 600

_SOURCES: dict[Service, tuple[str, frozenset[Kind], Callable[[Search], Coroutine[None, None, None]]]] = {
    "nanonets": ("workflow_id", frozenset({"document"}), look_at_nanonets),
    "studio": ("project_id", frozenset({"hitl_review", "labeling_session", "correction"}), look_at_studio),
}
"""Of each service: the argument that narrows the search to it, the kinds of its work, and how to look."""


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """One page of the work that waits.

    Raises:
        ToolFailure: no service answered, or an argument cannot be used.
    """
    wanted = _wanted(operation, values)
    search = Search(context, wanted)
    seconds = min(_MAX_SECONDS, context.upstream.timeout * _SHARE_OF_TIME)
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for _, kinds, look in _SOURCES.values():
                if wanted.kinds & kinds:
                    group.start_soon(look, search)
    _note_silence(search, seconds)
    failure = search.failure()
    if failure is not None:
        raise failure
    waiting = sorted(filter(wanted.includes, search.found), key=wanted.place)
    answer = _answer(search, waiting, values)
    untrusted = [path for part, paths in _UNTRUSTED.items() if answer.get(part) for path in paths]
    if any(work.doubtful_names for work in waiting):
        untrusted.append("entries[].doubtful_names[]")
    if any("stage" in work.more for work in waiting):
        untrusted.append("entries[].stage")
    if any(work.assigned_to for work in waiting):
        untrusted.append("entries[].assigned_to[]")
    return Reply(answer, untrusted=tuple(untrusted))


def _wanted(operation: Operation, values: JsonObject) -> QueueFilter:
    since = moment_in(operation, values, "since")
    reasons = frozenset(cast("list[str]", values.get("reasons", [])))
    if values.get("workflow_id") == "":
        raise invalid(operation, ['workflow_id: got "", expected an id; omit it for all workflows'])
    kinds = _kinds(values, reasons)
    if not kinds:
        narrowing = ("kinds", "reasons", *(argument for argument, _, _ in _SOURCES.values()))
        together = " and ".join(name for name in narrowing if values.get(name))
        fault = (
            "no work matches this combination; workflow_id is for documents, project_id for the other kinds"
        )
        raise invalid(operation, [f"{together}: {fault}"])
    order = str(values.get("order", ""))
    by_values = order in _BY_READING or "min_confidence" in values or not reasons.isdisjoint(_BY_VALUES)
    return QueueFilter(
        kinds,
        reasons,
        workflow_id=str(values.get("workflow_id", "")),
        project_id=cast("int | None", values.get("project_id")),
        assigned_to=str(values.get("assigned_to", "")),
        since=since,
        min_confidence=cast("float", values.get("min_confidence", MIN_CONFIDENCE)) if by_values else None,
        lowest_confidence_first=order == "least_confident",
        failed_checks_first=order == "failed_checks",
    )


def _kinds(values: JsonObject, reasons: frozenset[str]) -> frozenset[Kind]:
    """The kinds of work to look for: a workflow or a project narrows the search to its own service."""
    asked = cast("list[Kind]", values.get("kinds") or list(REASONS))
    narrowed = [kinds for argument, kinds, _ in _SOURCES.values() if argument in values]
    return frozenset(
        kind
        for kind in asked
        if (not narrowed or any(kind in kinds for kinds in narrowed))
        and (not reasons or not reasons.isdisjoint(REASONS[kind]))
    )


def _note_silence(search: Search, seconds: float) -> None:
    """Tell of a service that neither answered nor failed before the time was over."""
    heard = search.answered | {service for service, _, _ in search.failures}
    for service, (_, kinds, _) in _SOURCES.items():
        if search.wanted.kinds & kinds and service not in heard:
            message = f"{service} did not answer within {seconds:g} seconds."
            failure = ToolFailure("timeout", message, retryable=True, next_step="Call again later.")
            search.note(service, "everything", failure)


def _answer(search: Search, waiting: list[Work], values: JsonObject) -> JsonObject:
    """The page that was asked for, as much of it as fits, and what the list does not show."""
    offset = cast("int", values.get("offset", 0))
    limit = cast("int", values.get("limit", _DEFAULT_LIMIT))
    answer: JsonObject = {
        "entries": [],
        "total": len(waiting),
        "by_kind": cast("JsonObject", dict(Counter(work.kind for work in waiting))),
    }
    problems = search.problems()
    if problems:
        answer["problems"] = cast("JsonValue", problems)
    not_looked_at = _not_looked_at(search, waiting)
    if not_looked_at:
        answer["not_looked_at"] = not_looked_at
    left = search.context.upstream.answer_limit - len(compact(answer)) - _OWN_CHARACTERS
    entries: list[JsonValue] = []
    for work in waiting[offset : offset + limit]:
        entry = work.entry()
        left -= len(compact(entry)) + 1
        if left < 0 and entries:
            break
        entries.append(entry)
    answer["entries"] = entries
    if offset + len(entries) < len(waiting):
        answer["next_offset"] = offset + len(entries)
    return answer


def _not_looked_at(search: Search, waiting: list[Work]) -> JsonObject:
    """How much was left out to keep the call short, and which arguments get it."""
    left: JsonObject = {name: count for name, count in search.unseen.items() if count > 0}
    reads = search.wanted.min_confidence is not None
    steps = ["Narrow the search with kinds, workflow_id or project_id."] if left or reads else []
    unread = sum(
        work.is_readable and work.unverified is None for work in (search.found if reads else waiting)
    )
    if unread:
        left["documents_not_read"] = unread
        if search.unread_from:
            more = f"Call again with since={search.unread_from} to read more documents."
            steps.insert(0, more)
        elif not reads:
            steps.insert(
                0,
                (
                    "It is not known whether their values are doubtful; to read them, pass"
                    " order=least_confident."
                ),
            )
    return {**left, "next": " ".join(steps)} if left else {}
