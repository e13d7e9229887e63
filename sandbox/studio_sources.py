"""External sources: what a connected system delivers, and the files that wait to be used."""

from __future__ import annotations

from random import Random
from typing import Any, cast

from .service import UploadedFile
from .studio_files import preview_of, read_table, texts_in
from .studio_records import StoredFile, Table
from .studio_requests import number_of
from .studio_state import StudioState
from .studio_texts import Composed, hotel_reviews, product_feedback, ticket_topics

__all__ = ["documents_given", "keep", "keep_upload", "preview_view", "pull"]

ROWS_OF_A_SOURCE = 12


def keep(state: StudioState, name: str, table: Table) -> StoredFile:
    """Store a table under a new file id."""
    stored = StoredFile(state.new_uuid(), name, table)
    state.files[stored.id] = stored
    return stored


def keep_upload(state: StudioState, file: UploadedFile) -> StoredFile:
    return keep(state, file.file_name, read_table(file))


def preview_view(stored: StoredFile) -> dict[str, Any]:
    return {"id": stored.id, "preview": preview_of(stored.table)}


def pull(values: dict[str, Any], kind: str) -> Table:
    """What a source delivers for a project of this type: the same texts each time for the same source.

    `parameters` may hold `limit` and `updated_since`, as in the documented sample.
    """
    source = str(values.get("source") or "source")
    given = values.get("parameters")
    parameters = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    random = Random(source)
    if "hotel" in source.casefold() or kind == "ABSA":
        texts = hotel_reviews(random, ROWS_OF_A_SOURCE)
    elif kind == "CLASSLABEL":
        texts = product_feedback(random, ROWS_OF_A_SOURCE)
    else:
        texts = ticket_topics(random, ROWS_OF_A_SOURCE)
    records = [as_record(source, place, composed) for place, composed in enumerate(texts)]
    since = str(parameters.get("updated_since") or "")
    records = [record for record in records if str(record["updated"]) >= since]
    limit = number_of(parameters.get("limit"))
    if limit is not None and limit >= 0:
        records = records[:limit]
    header = list(records[0]) if records else ["text"]
    rows: list[list[str | None]] = [[str(record[name]) for name in header] for record in records]
    return Table(rows, header, records)


def as_record(source: str, place: int, composed: Composed) -> dict[str, Any]:
    tags = next(iter(composed.gold.values()), [(None, None)])
    class_name, label = tags[0]
    record: dict[str, Any] = {
        "text": composed.text,
        "source": source,
        "updated": f"2026-05-{28 - place:02}T08:00:00Z",
    }
    record |= {name: value for name, value in (("class", class_name), ("label", label)) if value}
    return record


def documents_given(
    state: StudioState, values: dict[str, Any], kind: str
) -> list[tuple[str, dict[str, Any]]]:
    """The texts, with their further attributes, that a body names: listed, in a file, or in a source."""
    listed: list[dict[str, Any]] = values.get("documents") or []
    found = [
        (
            str(entry["text"]),
            {name: value for name, value in entry.items() if name not in ("text", "segments")},
        )
        for entry in listed
        if str(entry.get("text") or "").strip()
    ]
    table = None
    if values.get("file_id"):
        table = state.file(str(values["file_id"])).table
    elif values.get("source") and not found:
        table = pull(values, kind)
    if table is not None:
        column_name = values.get("column_name")
        column = None if column_name is not None else number_of(values.get("column"))
        found += texts_in(table, column, column_name, values.get("header_first"))
    return found
