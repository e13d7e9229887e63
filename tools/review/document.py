"""`review_document`: one document or several, short to read, with all that a correction needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation
from ..beside_loop import beside_loop
from ..checks.paper import Paper
from ..documents.comparison import comparable
from ..documents.field_state import state_of_value
from ..documents.readings import UNVERIFIED
from ..documents.stages import decision_on, why_not_approvable
from ..documents.values import MIN_CONFIDENCE, DocumentValue, DocumentValues, values_of_document
from ..guards.context import CallContext
from ..json_text import compact
from ..operation_call import read
from ..requests.validation import invalid
from ..results.reply import Reply
from ..results.truncation import CUT_PLACES, fit
from ..results.untrusted_paths import untrusted_paths
from ..untrusted import NOTE
from .cell_confidence import with_cell_confidence
from .check_view import findings_in_short
from .document_batch import combined, read_each
from .document_view import ViewRequest, field_entry, order_of, reading_of, rows_left_out, table_entries

__all__ = ["run"]

_NOTE_CHARACTERS = 600
"""Room for what `docreview` says beside a cut: the paths of untrusted text, hidden characters."""


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The document or documents, or the part of them that was asked for."""
    if ("document_id" in values) == ("document_ids" in values):
        actual = "both" if "document_id" in values else "neither"
        raise invalid(operation, [f"got {actual}, expected exactly one of document_id and document_ids"])
    looked: list[DocumentValues] = []
    look = partial(_look, operation, values, context, looked)
    if "document_id" in values:
        document_id = str(values["document_id"])
        answer, document = await look(document_id)
        wanted = _wanted(values, document.values)
        failed = await _failed_checks(context, values, document_id, answer, document)
        shape = partial(_structured, answer, document, wanted, document_id, failed)
        structured = await beside_loop(answer, shape)
    else:
        structured = await _several(operation, values, context, look)
    limit = context.upstream.answer_limit - _NOTE_CHARACTERS
    reply = await beside_loop(structured, partial(_reply, operation, values, structured, limit))
    _note_seen(context, looked, reply.structured)
    return reply


def _reply(operation: Operation, values: JsonObject, structured: JsonObject, limit: int) -> Reply:
    """The answer within the limit of characters."""
    untrusted = tuple(untrusted_paths(operation, structured))
    if len(compact(structured)) > limit:
        kept, cut = fit(operation, values, structured, limit)
        if rows := rows_left_out(structured, kept):
            cut["further_rows"] = rows
        kept[NOTE] = {"cut": cut}
        structured = kept
        untrusted = (*untrusted, CUT_PLACES)
    return Reply(structured, untrusted=untrusted)


async def _look(
    operation: Operation,
    values: JsonObject,
    context: CallContext,
    looked: list[DocumentValues],
    document_id: str,
) -> tuple[JsonObject, DocumentValues]:
    """A document as the service answers it and as values, which are added to those that were looked at.

    Raises:
        ToolFailure: it cannot be had.
    """
    workflow_id = str(values["workflow_id"])
    answer = await read(context, "getDocument", {"workflow_id": workflow_id, "document_id": document_id})
    document = await beside_loop(answer, partial(values_of_document, answer))
    if faults := _faults_of_place(document, values):
        raise invalid(operation, faults)
    document = await with_cell_confidence(document, context, workflow_id, document_id)
    looked.append(document)
    return answer, document


def _faults_of_place(document: DocumentValues, values: JsonObject) -> list[str]:
    """Pages and tables that are asked for and are not there."""
    there: dict[str, list[str | int]] = {
        "page_number": [page.number for page in document.pages],
        "page_id": [page.id for page in document.pages],
        "table_id": [table.id for table in document.tables],
    }
    return [
        f"{name}: got {values[name]}, but the document has {', '.join(map(str, known)) or 'none'}"
        for name, known in there.items()
        if name in values and document.pages and values[name] not in known
    ]


async def _several(
    operation: Operation,
    values: JsonObject,
    context: CallContext,
    look: Callable[[str], Awaitable[tuple[JsonObject, DocumentValues]]],
) -> JsonObject:
    """The answer on several documents; raises `ToolFailure` if none of them could be read."""
    document_ids = list(dict.fromkeys(cast("list[str]", values["document_ids"])))
    looked = await read_each(document_ids, look, context, anyio.current_time())
    if not looked.found:
        raise looked.failure(operation, "no document could be read.", "Or pass other ids.")
    wanted = _wanted(values, [value for _, document in looked.found.values() for value in document.values])
    read: dict[str, JsonObject] = {}
    for document_id, (answer, document) in looked.found.items():
        failed = await _failed_checks(context, values, document_id, answer, document)
        shape = partial(_structured, answer, document, wanted, document_id, failed)
        read[document_id] = await beside_loop(answer, shape)
    limit = context.upstream.answer_limit - _NOTE_CHARACTERS
    together = partial(combined, document_ids, read, looked.failures, limit)
    return await beside_loop(read, together)


def _note_seen(context: CallContext, looked: Iterable[DocumentValues], shown: JsonObject) -> None:
    """Remember what the caller is shown, so that a write from this look overwrites nothing newer.

    What was cut from the answer was not shown.
    """
    ids = frozenset(_texts_in(shown))
    values = (value for document in looked for value in document.values if value.id in ids)
    context.guards.seen.note(context.caller, map(state_of_value, values))


def _texts_in(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(each)


def _wanted(values: JsonObject, shown: Sequence[DocumentValue]) -> ViewRequest:
    """What was asked for of these values."""
    return ViewRequest(
        show=str(values.get("show", "all")),
        search=comparable(str(values.get("search", ""))),
        page_number=cast("int | None", values.get("page_number")),
        page_id=str(values.get("page_id", "")),
        table_id=str(values.get("table_id", "")),
        first_row=cast("int | None", values.get("first_row")),
        min_confidence=float(cast("float", values.get("min_confidence", MIN_CONFIDENCE))),
        usual_status=_usual_status(shown),
        rates_cells=any(value.kind == "cell" and value.confidence is not None for value in shown),
    )


def _usual_status(values: Sequence[DocumentValue]) -> str:
    """The status that most values have, which need not be said of each."""
    counted = Counter(value.status for value in values).most_common(1)
    return counted[0][0] if counted else UNVERIFIED


async def _failed_checks(
    context: CallContext,
    values: JsonObject,
    document_id: str,
    answer: JsonObject,
    document: DocumentValues,
) -> list[JsonValue]:
    """What the checks find in the document, whichever part of it is shown."""
    paper = Paper.of(str(values["workflow_id"]), document_id, answer, document)
    judgement = await context.guards.checks.judge(paper)
    return findings_in_short(judgement.findings)


def _structured(
    answer: JsonObject,
    document: DocumentValues,
    wanted: ViewRequest,
    document_id: str,
    failed_checks: list[JsonValue],
) -> JsonObject:
    values = document.values
    doubtful = sum(value.is_doubtful(wanted.min_confidence) for value in values)
    unverified = sum(not value.is_verified for value in values)
    unrated = sum(value.is_unrated and not value.is_doubtful(wanted.min_confidence) for value in values)
    fields = sorted(filter(wanted.includes, document.fields), key=lambda value: order_of(value, wanted))
    tables = table_entries(document, wanted)
    structured: JsonObject = {
        "document_id": answer.get("document_id") or document_id,
        "name": answer.get("original_document_name"),
        "status": answer.get("status"),
        "stage": answer.get("verification_stage"),
        "verification_status": answer.get("verification_status"),
        "verification_message": answer.get("verification_message"),
        "assigned": answer.get("assigned_reviewers"),
        "pages": [{"page_number": page.number, "page_id": page.id} for page in document.pages],
        "counts": {
            "values": len(values),
            "shown": sum(map(wanted.includes, values)),
            "doubtful": doubtful,
            "unverified": unverified,
            "corrected": sum(value.is_moderated for value in values),
            **({"no_confidence": unrated} if unrated else {}),
        },
        "failed_checks": failed_checks,
        "next": _next(answer, document, wanted.min_confidence),
        "unless_given": _unless_given(values, wanted),
    }
    structured = {name: value for name, value in structured.items() if value not in (None, "", [])}
    structured["fields"] = [field_entry(value, wanted, document) for value in fields]
    if tables:
        structured["reading"] = reading_of(tables, wanted)
        structured["tables"] = cast("JsonValue", tables)
    return structured


def _unless_given(values: Sequence[DocumentValue], wanted: ViewRequest) -> JsonObject:
    status: JsonObject = {"status": wanted.usual_status}
    cells = [value for value in values if value.kind == "cell"]
    if wanted.rates_cells:
        status["cell_confidence"] = f"{wanted.min_confidence:g} or more"
    elif cells:
        status["cell_confidence"] = "not known"
    return status


def _next(answer: JsonObject, document: DocumentValues, min_confidence: float) -> str:
    values, stands_against = document.values, why_not_approvable(answer)
    if answer.get("status") == "pending":
        return "The document is still being processed: call review_wait."
    if not values:
        return "No values were extracted; a person has to look at the file."
    if decision_on(answer) == "rejected":
        return stands_against
    if any(value.is_doubtful(min_confidence) for value in values):
        look = (
            "Look at the doubtful values with review_region, then correct or verify them with review_apply."
        )
        return f"{look} {stands_against}".strip()
    if document.unreadable:
        return f"Part of it could not be read ({document.unreadable[0]}); a person has to look at the file."
    if any(value.is_unrated for value in values):
        look = (
            "Some values have no known confidence: look at them with review_region, then correct or verify"
            " them with review_apply."
        )
        return f"{look} {stands_against}".strip()
    unverified = any(not value.is_verified for value in values)
    message = "No value is doubtful." if unverified else "Every value is verified."
    if stands_against:
        return f"{message} {stands_against}"
    if decision := decision_on(answer):
        return f"{message} The file is already {decision}."
    verifying = "review_apply verifies values, " if unverified else ""
    return f"{message} {verifying}review_files approves the file."
