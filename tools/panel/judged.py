"""The values of a document and what the checks find in it, worked out once as long as it stays the same.

The panel reads its document again for every page. It is always read from the service; only what follows from
the answer is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary

from ...schemas import JsonObject, JsonValue
from ..beside_loop import beside_loop
from ..checks.checker import Checker
from ..checks.finding import Finding
from ..checks.paper import Paper
from ..documents.values import DocumentValue, DocumentValues, objects_in, values_of_document
from ..guards.context import CallContext
from ..review.cell_confidence import with_cell_confidence

__all__ = ["Judged", "judged"]

_MAX_KEPT = 4
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from an answer of `getDocument`, which is kept without the addresses of its files."""

    answer: JsonObject
    values: DocumentValues
    findings: tuple[Finding, ...]


_kept: WeakKeyDictionary[Checker, OrderedDict[_Key, Judged]] = WeakKeyDictionary()
"""The last documents of each server, whose checks they were judged by."""


async def judged(answer: JsonObject, workflow_id: str, document_id: str, context: CallContext) -> Judged:
    """The values of a document that was just read, with their confidence, and what is found in it."""
    checker = context.guards.checks
    kept = _kept.setdefault(checker, OrderedDict())
    key = (workflow_id, document_id)
    plain = _without_addresses(answer)
    last = kept.get(key)
    if last is not None and last.answer == plain:
        kept.move_to_end(key)
        return last
    values = await beside_loop(answer, partial(values_of_document, answer))
    values = await _with_confidence(values, last, context, key)
    judgement = await checker.judge(Paper.of(workflow_id, document_id, answer, values))
    kept[key] = found = Judged(plain, values, tuple(judgement.findings))
    kept.move_to_end(key)
    while len(kept) > _MAX_KEPT:
        kept.popitem(last=False)
    return found


async def _with_confidence(
    values: DocumentValues, last: Judged | None, context: CallContext, key: _Key
) -> DocumentValues:
    """The document with the confidence of its cells, which is read once: later answers do not change it."""
    known = {} if last is None else {value.id: value.confidence for value in last.values.values if value.id}
    if any(value.id and value.id not in known for value in values.values) or not known:
        return await with_cell_confidence(values, context, *key)

    def completed(value: DocumentValue) -> DocumentValue:
        return value if value.confidence is not None else replace(value, confidence=known.get(value.id))

    tables = tuple(replace(table, cells=tuple(map(completed, table.cells))) for table in values.tables)
    return replace(values, fields=tuple(map(completed, values.fields)), tables=tables)


def _without_addresses(answer: JsonObject) -> JsonObject:
    """The answer without the addresses of its files, which may be others at each reading."""
    pages: list[JsonValue] = [{**page, "image_url": None} for page in objects_in(answer.get("pages"))]
    return {**answer, "raw_document_url": None, "pages": pages}
