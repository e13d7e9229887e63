"""New labeling sessions, and texts that come with tags: in a body, in a file or from a source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from ..service import Refusal
from .files import records_of
from .groups import add_group
from .records import ClassDefinition, Label, LabelingSession, Project, Segment, Table, Tag
from .sessions import conclude
from .state import StudioState

__all__ = ["LabelledRow", "add_labelled", "check_rows", "labelled_rows", "rows_of_table"]

ROLES = {"text": "text", "label": "label", "class": "class", "aspect": "class"}


@dataclass
class LabelledRow:
    """A text with the tags on it, as somebody delivered it."""

    text: str
    tags: list[tuple[str | None, str | None]] = field(default_factory=list[tuple[str | None, str | None]])
    segments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    meta: dict[str, Any] = field(default_factory=dict[str, Any])


def rows_of_table(table: Table, mapping: dict[str, str]) -> list[LabelledRow]:
    """The rows of a file; `mapping` says which column is the text, the class (or aspect) and the label."""
    records = records_of(table)
    first = [str(cell or "").casefold() for cell in table.rows[0]] if table.rows and not table.header else []
    if not table.header and not mapping and not set(first) & {"text", "document", "review", "sentence"}:
        names = ["text", "class", "label"]
        records = [dict[str, Any](zip(names, row, strict=False)) for row in table.rows]
    return labelled_rows(records, mapping)


def labelled_rows(records: list[dict[str, Any]], mapping: dict[str, str]) -> list[LabelledRow]:
    columns = {column: ROLES.get(role, role) for role, column in mapping.items()}
    rows: list[LabelledRow] = []
    for record in records:
        if columns and not set(columns) & set(record):
            raise Refusal(
                400, "invalid_request", f"The mapped columns are not in the file: {', '.join(columns)}."
            )
        named = {columns.get(name, ROLES.get(name.casefold(), name)): value for name, value in record.items()}
        for other in ("document", "review", "sentence"):
            if "text" not in named and other in named:
                named["text"] = named.pop(other)
        text = str(named.pop("text", None) or "")
        if not text.strip():
            continue
        segments = cast("list[dict[str, Any]]", named.pop("segments", None) or [])
        class_name, label = named.pop("class", None), named.pop("label", None)
        tags = [(as_name(class_name), as_name(label))] if class_name or label else []
        rows.append(
            LabelledRow(
                text, tags, segments, {key: value for key, value in named.items() if value is not None}
            )
        )
    return rows


def as_name(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def check_rows(project: Project, rows: list[LabelledRow]) -> None:
    """Refuse rows that could not be stored, before anything is."""
    for row in rows:
        pairs = list(row.tags)
        for entry in row.segments:
            place_of(row.text, entry)
            pairs += pairs_of(entry)
        for _, label in pairs:
            if label and project.type == "ABSA" and label not in project.label_names:
                raise Refusal(400, "invalid_request", f"{label} is not a label of an ABSA project.")


def add_labelled(
    state: StudioState, session: LabelingSession, project: Project, rows: list[LabelledRow], *, infer: bool
) -> None:
    """Store the rows as documents of the session, in a group of their own.

    Tags in segments are taken as they are; with `infer` so are a class and a label that stand beside a text.
    Rows of the same text become one document. Tags of new classes and labels bring these into the project.
    """
    if not rows:
        return
    group = add_group(state, project, f"{session.name} (documents)", "ANNOTATIONS")
    session.document_group_id = group.id
    by_text: dict[str, list[LabelledRow]] = {}
    for row in rows:
        by_text.setdefault(row.text, []).append(row)
    for text, same in by_text.items():
        beside = [tag for row in same for tag in row.tags] if infer else []
        given = [entry for row in same for entry in row.segments]
        meta = {name: value for row in same for name, value in row.meta.items() if name != "id"}
        stored = state.add_text(project.id, text, meta, split=not beside or bool(given))
        for segment in stored.segments if beside and not given else []:
            put_tags(state, session, project, segment, beside)
        if given:
            stored.segments = []
            for entry in given:
                start, end = place_of(text, entry)
                segment = Segment(state.next_id("segment"), text[start:end], (start, end))
                stored.segments.append(segment)
                put_tags(state, session, project, segment, pairs_of(entry))
        group.document_ids.append(stored.id)
        session.document_ids.append(stored.id)
    conclude(state, session)


def pairs_of(entry: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    tags = cast("list[dict[str, Any]]", entry.get("tags") or [])
    return [(as_name(tag.get("class")), as_name(tag.get("label"))) for tag in tags]


def place_of(text: str, entry: dict[str, Any]) -> tuple[int, int]:
    """Where a segment that came with its text stands: its span, else where its words are found."""
    span: list[int] = entry.get("span") or []
    if len(span) == 2 and 0 <= span[0] < span[1] <= len(text):
        return span[0], span[1]
    wanted = str(entry.get("text") or "")
    begin = text.find(wanted) if wanted and not span else -1
    if begin < 0:
        raise Refusal(400, "invalid_request", f"The segment '{wanted[:60]}' is not in the text.")
    return begin, begin + len(wanted)


def put_tags(
    state: StudioState,
    session: LabelingSession,
    project: Project,
    segment: Segment,
    pairs: list[tuple[str | None, str | None]],
) -> None:
    tags: list[Tag] = []
    for class_name, label in dict.fromkeys(pairs):
        if class_name and class_name not in project.class_names:
            project.classes.append(ClassDefinition(state.next_id("class"), class_name))
        if label and label not in project.label_names:
            project.labels.append(Label(state.next_id("label"), label))
        tags.append(state.new_tag(class_name, label))
    if tags:
        session.tags[segment.id] = tags
        session.annotated[segment.id] = state.moment()
    session.classes = list(
        dict.fromkeys([*session.classes, *(tag.class_name for tag in tags if tag.class_name)])
    )
    session.labels = list(dict.fromkeys([*session.labels, *(tag.label for tag in tags if tag.label)]))
