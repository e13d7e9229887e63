"""`review_table`: chosen values of many documents, or tags of many texts, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..checks.numbers import UnreadableError
from ..checks.plain_name import plain_name
from ..guards.context import CallContext
from ..json_text import compact, shortened
from ..requests.validation import invalid
from ..results.reply import Reply
from ..results.untrusted_paths import untrusted_paths
from ..review.queue.search import moment
from ..untrusted import shortened_sentence
from .conditions import Unreadable, faults_in, fields_in, wanted_rows
from .documents import MAX_DOCUMENTS, Documents, DocumentSelection, read_documents, usual_fields
from .expression import expression_fault, rows_by_expression
from .faults import wrong_arguments
from .files import require
from .labels import SOURCES, TAG_NAMES, Tags, counted, examples, read_tags
from .order import ordered
from .outcome import as_file, drawn
from .row import Names, Row, plain_number
from .totals import MEASURES, Cell, Table, aggregated, is_number, totals

__all__ = ["run"]

_DEFAULT_LIMIT, _DEFAULT_EXAMPLES = 50, 1
_MAX_UNREADABLE, _MAX_NAMES, _MAX_TEXT = 5, 12, 200
_OWN_CHARACTERS = 800


@dataclass(slots=True)
class _Work:
    """What is known of the table while it is made: its rows, their names, and what the answer says."""

    rows: list[Row]
    names: Names
    is_of_texts: bool
    where: list[JsonObject]
    unreadable: Unreadable = field(default_factory=Unreadable)
    details: JsonObject = field(default_factory=dict[str, JsonValue])


async def run(operation: Operation, values: JsonObject, context: CallContext) -> Reply:
    """The table, as rows in the answer or as a file, and its chart.

    Raises:
        ToolFailure: an argument cannot be used, or nothing could be read.
    """
    where = cast("list[JsonObject]", values.get("conditions", []))
    expression = str(values.get("where", "")).strip()
    _check(operation, values, where)
    if expression:
        await expression_fault(operation, expression)
    documents: Documents | None = None
    if "workflow_id" in values:
        documents = await read_documents(context, _wanted(values))
        names = Names(documents.names_with_columns if "columns" in values else documents.names)
        work = _Work(documents.rows, names, False, where, details=_counts_of(documents, values))
    else:
        tags = await read_tags(operation, values, context)
        work = _Work(tags.rows, Names(TAG_NAMES), True, where, details=_counts_of_tags(tags, values))
    if work.rows and (faults := _unknown_names(values, work)):
        raise wrong_arguments(operation, faults)
    rows = wanted_rows(work.rows, where, work.names, work.unreadable)
    if expression:
        rows = await rows_by_expression(operation, rows, expression, work.names, work.unreadable)
    rows = ordered(rows, _order(values, work.names))
    table = _table(values, work, rows)
    work.details["matching"] = len(rows)
    is_listed = documents is not None and "aggregate" not in values
    if is_listed and (sums := totals(rows, table.columns, work.unreadable)):
        work.details["totals"] = cast("JsonObject", sums)
    pictures = [await drawn(table)] if values.get("chart") else []
    attachment = None
    if (kind := str(values.get("format", "rows"))) != "rows":
        about, attachment = await as_file(table, kind, context)
        work.details |= about
        answer: JsonObject = {"columns": [*table.columns], **_structured(work)}
    else:
        answer = _with_rows(table, _structured(work), values, context)
    if documents is not None and "aggregate" not in values:
        found = answer.get("rows")
        # Rows that were cut from the answer were not shown.
        listed = rows[: len(found) if isinstance(found, list) else _limit(values)]
        documents.note_seen(context, frozenset(row.id for row in listed), table.columns)
    return Reply(answer, tuple(pictures), tuple(untrusted_paths(operation, answer)), attachment=attachment)


def _check(operation: Operation, values: JsonObject, where: Sequence[JsonObject]) -> None:
    """Raises `ToolFailure` for arguments that cannot be used, and for libraries that are not there."""
    sources = [name for name in ("workflow_id", *SOURCES) if name in values]
    faults = faults_in(where)
    if len(sources) != 1:
        actual = " and ".join(sources) or "none of them"
        expected = ", ".join(("workflow_id", *SOURCES))
        faults.append(f"got {actual}, expected exactly one of {expected}")
    only_documents = ("document_ids", "columns", "since", "status")
    if sources and sources != ["workflow_id"]:
        faults += [f"{name}: allowed only with workflow_id" for name in only_documents if name in values]
    if "since" in values and moment(str(values["since"])) is None:
        faults.append(f"since: got {values['since']!r}, expected a time such as 2026-10-05T09:00:00Z")
    of_texts = sources != ["workflow_id"]
    if values.get("chart") and "aggregate" not in values and (not of_texts or "fields" in values):
        faults.append("chart: given without aggregate, expected aggregate to define the bars")
    aggregate = cast("JsonObject", values.get("aggregate", {}))
    measured = [each for each in _measures(aggregate) if each != "count"]
    if measured and "of" not in aggregate:
        faults.append(f"aggregate.of: missing, expected the field to calculate {', '.join(measured)} of")
    if faults:
        raise invalid(operation, faults)
    if values.get("format") == "xlsx":
        require("openpyxl", "format xlsx")
    if values.get("chart"):
        require("matplotlib", "chart")


def _wanted(values: JsonObject) -> DocumentSelection:
    return DocumentSelection(
        str(values["workflow_id"]),
        tuple(cast("list[str]", values.get("document_ids", []))),
        moment(str(values.get("since", ""))),
        frozenset(cast("list[str]", values.get("status", []))),
        cast("int", values.get("offset", 0)),
        tuple(cast("list[str]", values.get("columns", []))),
    )


def _measures(aggregate: JsonObject) -> list[str]:
    """The measures asked for in their usual order; without any, all that can be had."""
    asked = cast("list[str]", aggregate.get("measures", []))
    usual = ("count", "sum") if "of" in aggregate else ("count",)
    return [each for each in MEASURES if each in (asked or usual)]


def _unknown_names(values: JsonObject, work: _Work) -> list[str]:
    """Faults of names that no row has; a name that one row of many has is fine."""
    aggregate = cast("JsonObject", values.get("aggregate", {}))
    asked = [
        *(("fields", name) for name in cast("list[str]", values.get("fields", []))),
        *(("columns", name) for name in cast("list[str]", values.get("columns", []))),
        *(("conditions", name) for name in fields_in(work.where)),
        *(("order", name) for name in [_order(values, work.names)[0]] if name),
        *((f"aggregate.{key}", str(aggregate[key])) for key in ("by", "of") if key in aggregate),
    ]
    return [work.names.fault(argument, name) for argument, name in asked if name not in work.names]


def _order(values: JsonObject, names: Names) -> tuple[str, bool]:
    """By which name rows are ordered, and whether the largest come first."""
    order = str(values.get("order", "")).strip()
    return names.spelled(order.removeprefix("-").strip()), order.startswith("-")


def _table(values: JsonObject, work: _Work, rows: Sequence[Row]) -> Table:
    if "aggregate" in values:
        aggregate = cast("JsonObject", values["aggregate"])
        by, of = (work.names.spelled(str(aggregate.get(key, ""))) for key in ("by", "of"))
        return aggregated(rows, by, of, _measures(aggregate), work.unreadable)
    chosen = cast("list[str]", values.get("fields", []))
    if work.is_of_texts and not chosen:
        each = cast("int", values.get("examples", _DEFAULT_EXAMPLES))
        if each and rows:
            work.details["examples"] = examples(rows, each)
        return counted(rows)
    return _listing(values, work, rows, chosen)


def _listing(values: JsonObject, work: _Work, rows: Sequence[Row], chosen: Sequence[str]) -> Table:
    if not chosen:
        fields = [name for name in work.names.shown if not name.startswith("document.")]
        fields = [name for name in fields if name not in cast("list[str]", values.get("columns", []))]
        usual = usual_fields(fields)
        further = [name for name in fields if name not in usual]
        if further:
            work.details["further_fields"] = [*further[:_MAX_NAMES]]
        chosen = [*usual, *(name for name in fields_in(work.where) if work.names.spelled(name) not in usual)]
    columns = cast("list[str]", values.get("columns", []))
    names = list(dict.fromkeys(work.names.spelled(name) for name in (*chosen, *columns)))
    first = [] if work.is_of_texts else ["document_id"]
    as_numbers = (
        frozenset(filter(is_number, names)) if values.get("format", "rows") != "rows" else frozenset[str]()
    )
    listed: list[list[Cell]] = [
        [*([row.id] if first else []), *(_cell(row, name, name in as_numbers) for name in names)]
        for row in rows
    ]
    return Table([*first, *names], listed)


def _cell(row: Row, name: str, as_number: bool) -> Cell:
    """What a row has under a name: its text, in a file as a number where it is one."""
    if as_number:
        try:
            return row.number(plain_name(name))
        except UnreadableError:
            pass
    return row.text(plain_name(name))


def _counts_of(documents: Documents, values: JsonObject) -> JsonObject:
    details: JsonObject = {"documents_read": documents.read}
    counts = {
        "documents_without_values": documents.without_values,
        "lines_with_sums_left_out": documents.sums,
    }
    details |= {name: count for name, count in counts.items() if count}
    if documents.columns and "columns" not in values and "aggregate" not in values:
        details["table_columns"] = [*documents.columns[:_MAX_NAMES]]
    if documents.failures:
        first = next(iter(documents.failures.values()))
        details["not_read"] = {
            "document_ids": [*list(documents.failures)[:_MAX_NAMES]],
            "count": len(documents.failures),
            "message": shortened_sentence(first.message, _MAX_TEXT),
        }
    if documents.left > 0 or documents.is_more:
        offset = cast("int", values.get("offset", 0)) + documents.tried
        details["documents_left"] = max(documents.left, 1)
        details["next"] = (
            f"A call reads at most {MAX_DOCUMENTS} documents: call again with offset={offset} for the rest,"
            " or narrow with since or status. Counts and totals cover only the documents that were read."
        )
    return details


def _counts_of_tags(tags: Tags, values: JsonObject) -> JsonObject:
    details: JsonObject = {"texts": tags.texts, "texts_without_tags": tags.untagged, "tags": len(tags.rows)}
    if tags.name:
        details["name"] = tags.name
    if tags.is_more:
        offset = cast("int", values.get("offset", 0)) + tags.texts
        details["next"] = f"There are more texts: call again with offset={offset}."
    return details


def _structured(work: _Work) -> JsonObject:
    """What the answer says beside the table itself."""
    found = work.unreadable.found
    if found:
        first: list[JsonValue] = [
            {"document_id": row, "field": work.names.spelled(name), "text": shortened(text, 60), "why": why}
            for (row, name, text), why in list(found.items())[:_MAX_UNREADABLE]
        ]
        work.details["unreadable"] = {
            "count": len(found),
            "first": first,
            "meaning": "not counted",
        }
    return work.details


def _told_cell(cell: Cell) -> JsonValue:
    if isinstance(cell, Decimal):
        return plain_number(cell)
    return shortened(cell, _MAX_TEXT) if isinstance(cell, str) else cell


def _limit(values: JsonObject) -> int:
    return cast("int", values.get("limit", _DEFAULT_LIMIT))


def _with_rows(table: Table, details: JsonObject, values: JsonObject, context: CallContext) -> JsonObject:
    """The table in the answer, as many of its rows as were asked for and fit."""
    limit = _limit(values)
    room = context.upstream.answer_limit - len(compact(details)) - len(compact([*table.columns]))
    room -= _OWN_CHARACTERS
    shown: list[JsonValue] = []
    for row in table.rows[:limit]:
        cells = list(map(_told_cell, row))
        room -= len(compact(cells)) + 1
        if room < 0 and shown:
            break
        shown.append(cells)
    answer: JsonObject = {"columns": [*table.columns], "rows": shown, **details}
    if len(shown) < len(table.rows):
        answer["rows_left_out"] = len(table.rows) - len(shown)
        answer["rest"] = "Narrow with where, summarize with aggregate, or get all rows with format csv."
    return answer
