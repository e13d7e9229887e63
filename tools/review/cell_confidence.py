"""How sure the service is of cells: v4 does not say so, the boxes of the same file in v2 do.

That a document is to be had as a file under the same id is not promised. So this is tried, within a few
seconds, and where it fails the confidence is simply not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import anyio

from ...schemas import JsonObject, JsonValue
from ..beside_loop import beside_loop
from ..documents.readings import confidence_of
from ..documents.values import DocumentValue, DocumentValues
from ..failure import ToolFailure
from ..guards.context import CallContext
from ..operation_call import read

__all__ = ["with_cell_confidence"]

_MAX_SECONDS, _SHARE_OF_TIME = 10.0, 0.4
"""The longest that is waited for the confidence, also as a share of the time for a call."""


async def with_cell_confidence(
    document: DocumentValues, context: CallContext, workflow_id: str, document_id: str
) -> DocumentValues:
    """The document with the confidence of each value that v4 gives none for, where v2 knows it."""
    if all(value.confidence is not None for value in document.values):
        return document
    known: dict[str, float] = {}
    with anyio.move_on_after(min(_MAX_SECONDS, context.upstream.timeout * _SHARE_OF_TIME)):
        try:
            arguments: JsonObject = {"model_id": workflow_id, "request_file_id": document_id}
            answer = await read(context, "getPredictionFileByFileId", arguments)
        except ToolFailure:
            return document
        known = await beside_loop(answer, partial(_scores, answer))

    return await beside_loop(known, partial(_completed, document, known))


def _completed(document: DocumentValues, known: dict[str, float]) -> DocumentValues:
    """The document with these confidences where it has none of its own."""

    def completed(values: tuple[DocumentValue, ...]) -> tuple[DocumentValue, ...]:
        return tuple(
            value if value.confidence is not None else replace(value, confidence=known.get(value.id))
            for value in values
        )

    tables = tuple(replace(table, cells=completed(table.cells)) for table in document.tables)
    return replace(document, fields=completed(document.fields), tables=tables)


def _scores(file: JsonObject) -> dict[str, float]:
    """The scores of boxes and cells by their ids; what stands now comes after what was read first."""
    return dict(_each_score(file))


def _each_score(file: JsonObject) -> Iterator[tuple[str, float]]:
    for name in ("moderated_images", "unmoderated_images"):
        for page in _objects(file.get(name)):
            for kind in ("predicted_boxes", "moderated_boxes"):
                for box in _objects(page.get(kind)):
                    for entry in (box, *_objects(box.get("cells"))):
                        identity, score = entry.get("id"), confidence_of(entry)
                        if isinstance(identity, str) and score is not None:
                            yield identity, score


def _objects(value: JsonValue) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
