"""The tags on texts in Studio as rows, and how often each class has each label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import anyio

from ...schemas import JsonObject, JsonValue, Operation
from ..checks.plain_name import plain_name
from ..guards.context import CallContext
from ..json_text import shortened
from ..operation_call import read
from ..requests.validation import invalid
from ..review.queue.search import listed, text
from .row import Row
from .totals import Cell, Table

__all__ = ["SOURCES", "TAG_NAMES", "Tags", "counted", "examples", "read_tags"]

TAG_NAMES = ["class", "label", "text", "document_id", "tag_id", "status"]
_TEXT, _ID = "text", plain_name("document_id")

_PAGE, _MAX_TEXTS, _MAX_SECONDS = 200, 2_000, 40.0
_MAX_EXAMPLE = 80
_MAX_EXAMPLES = 24


@dataclass(frozen=True, slots=True)
class _Source:
    """Where tagged texts come from: the operation that lists them, and the arguments that it needs."""

    operation: str
    needs: tuple[str, ...]


SOURCES = {
    "analysis_id": _Source("listAnalysisDocuments", ("analysis_id",)),
    "annotation_id": _Source("listLabelingDocuments", ("project_id", "annotation_id")),
    "correction_id": _Source("listCorrectionDocuments", ("project_id", "correction_id")),
    "model_id": _Source("runAdHocAnalysis", ("model_id", "texts")),
}
"""By the argument that chooses it."""


@dataclass(slots=True)
class Tags:
    """The tags that were found, how many texts were read, and how many of them have no tag.

    `is_more`: there are further texts. `name` is that of the session or model, where the service tells it.
    """

    rows: list[Row] = field(default_factory=list[Row])
    texts: int = 0
    untagged: int = 0
    is_more: bool = False
    name: str = ""


async def read_tags(operation: Operation, values: JsonObject, context: CallContext) -> Tags:
    """All tags of an analysis, a session or an analysis that is made now.

    Raises:
        ToolFailure: an argument is missing, or the service refused.
    """
    chosen = next(name for name in SOURCES if name in values)
    source = SOURCES[chosen]
    if missing := [f"{name}: missing with {chosen}" for name in source.needs if name not in values]:
        raise invalid(operation, missing)
    found = Tags()
    offset = int(cast("int", values.get("offset", 0)))
    if chosen == "model_id":
        documents: list[JsonValue] = [{"text": each} for each in cast("list[str]", values["texts"])]
        arguments: JsonObject = {"model_id": values["model_id"], "documents": documents, "split": True}
        answer = await read(context, source.operation, arguments)
        found.name = text(answer.get("model"))
        _take(found, listed(answer, "documents"))
        return found
    began = anyio.current_time()
    ids: JsonObject = {name: values[name] for name in source.needs}
    seen: set[str] = set()
    while True:
        page: JsonObject = {**ids, "details": ["segments", "tags"], "offset": offset, "limit": _PAGE}
        answer = await read(context, source.operation, page)
        found.name = text(answer.get("name"))
        entries = answer.get("documents")
        documents_read = [entries] if isinstance(entries, dict) else listed(answer, "documents")
        new = [each for each in documents_read if _identity(each) not in seen]
        seen |= {_identity(each) for each in new}
        _take(found, new)
        if len(documents_read) < _PAGE or not new:
            return found
        offset += len(documents_read)
        if found.texts >= _MAX_TEXTS or anyio.current_time() > began + _MAX_SECONDS:
            found.is_more = True
            return found


def counted(rows: Sequence[Row]) -> Table:
    """How often each class has each label, the most frequent class first, with its share of all tags."""
    pairs = Counter((row.text("class"), row.text("label")) for row in rows)
    classes, labels = Counter(row.text("class") for row in rows), Counter(row.text("label") for row in rows)
    if list(classes) == [""]:
        return _one_way("label", labels)
    if list(labels) in ([""], []):
        return _one_way("class", classes)
    ordered = [label for label, _ in labels.most_common()]
    return Table(
        ["class", *(label or "no label" for label in ordered), "all", "share"],
        [
            [name or "no class", *(pairs[name, label] for label in ordered), count, _share(count, len(rows))]
            for name, count in classes.most_common()
        ],
    )


def examples(rows: Sequence[Row], each: int) -> list[JsonValue]:
    """For each class and label the shortest texts that have them, as `[class, label, text]`."""
    by_pair: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if text := " ".join(row.text(_TEXT).split()):
            by_pair.setdefault((row.text("class"), row.text("label")), {}).setdefault(text)
    frequent = sorted(by_pair.items(), key=lambda item: -len(item[1]))
    found = [
        [*pair, shortened(text, _MAX_EXAMPLE)]
        for pair, texts in frequent
        for text in sorted(texts, key=len)[:each]
    ]
    return cast("list[JsonValue]", found[:_MAX_EXAMPLES])


def _one_way(name: str, counts: Counter[str]) -> Table:
    all_tags = counts.total()
    rows: list[list[Cell]] = [
        [value or f"no {name}", count, _share(count, all_tags)] for value, count in counts.most_common()
    ]
    return Table([name, "all", "share"], rows)


def _share(count: int, of: int) -> str:
    return f"{count / of:.0%}"


def _identity(document: JsonObject) -> str:
    return text(document.get("id")) or text(document.get("text"))


def _take(found: Tags, documents: Sequence[JsonObject]) -> None:
    for document in documents:
        found.texts += 1
        rows = [Row(text(document.get("id")), texts) for texts in _tags_in(document, document)]
        found.rows += rows
        found.untagged += not rows


def _tags_in(entry: JsonObject, document: JsonObject) -> Iterator[dict[str, str]]:
    """The tags in a document, wherever they stand, each with the text that it is about."""
    for key, value in entry.items():
        inner = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
        if key != "tags":
            for each in inner:
                yield from _tags_in(each, document)
            continue
        for tag in inner:
            yield {
                "class": text(tag.get("class")),
                "label": text(tag.get("label")),
                "text": text(tag.get("text")) or text(entry.get("text")),
                _ID: text(document.get("id")),
                plain_name("tag_id"): text(tag.get("id")),
                "status": text(tag.get("status")),
            }
