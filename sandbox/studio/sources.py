"""External sources: what a connected system delivers, and the files that wait to be used."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any, cast

from ..beginning import STARTED_AT
from ..service import Refusal, UploadedFile
from .files import preview_of, read_table, texts_in
from .records import StoredFile, Table
from .requests import number_of
from .state import StudioState
from .texts import Composed, hotel_reviews, product_feedback, ticket_topics

__all__ = ["documents_given", "keep", "keep_upload", "preview_view", "pull"]

ROWS_OF_A_SOURCE = 12
CREDENTIALS = (1, 2)
"""The ids of the credentials that are stored for sources; no operation lists or adds any."""
LATEST_UPDATE = STARTED_AT - timedelta(days=18, hours=1)


def keep(state: StudioState, name: str, table: Table) -> StoredFile:
    """Store a table under a new file id."""
    stored = StoredFile(state.new_uuid(), name, table)
    state.files[stored.id] = stored
    return stored


def keep_upload(state: StudioState, file: UploadedFile) -> StoredFile:
    return keep(state, file.file_name, read_table(file))


def preview_view(stored: StoredFile) -> dict[str, Any]:
    return {"id": stored.id, "preview": preview_of(stored.table)}


def pull(values: dict[str, Any], kind: str, *, labelled: bool) -> Table:
    """What a source delivers for a project of this type: the same texts each time for the same source.

    `parameters` may hold `limit` and `updated_since`, as in the documented sample. Only `labelled` data come
    with a class and a label.
    """
    credential = values.get("credential_id")
    if credential is None:
        raise Refusal(400, "invalid_request", "credential_id is missing: a source is connected with one.")
    if credential not in CREDENTIALS:
        raise Refusal(404, "not_found", f"There is no credential {credential}.")
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
    records = [as_record(source, index, composed, labelled) for index, composed in enumerate(texts)]
    since = str(parameters.get("updated_since") or "")
    records = [record for record in records if str(record["updated"]) >= since]
    limit = number_of(parameters.get("limit"))
    if limit is not None and limit >= 0:
        records = records[:limit]
    header = list(records[0]) if records else ["text"]
    rows: list[list[str | None]] = [[str(record[name]) for name in header] for record in records]
    return Table(rows, header, records)


def as_record(source: str, index: int, composed: Composed, labelled: bool) -> dict[str, Any]:
    tags = next(iter(composed.gold.values()), [(None, None)])
    class_name, label = tags[0]
    record: dict[str, Any] = {
        "text": composed.text,
        "source": source,
        "updated": (LATEST_UPDATE - timedelta(days=index)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if not labelled:
        return record
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
        table = pull(values, kind, labelled=False)
    if table is not None:
        column_name = values.get("column_name")
        column = None if column_name is not None else number_of(values.get("column"))
        found += texts_in(table, column, column_name, values.get("header_first"))
    return found
