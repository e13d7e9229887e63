"""The records as the service answers them: the keys and shapes of its documents.

Beyond the documented keys, documents, segments and tags carry their `id`, without which the documented
calls that take those ids could not be made. A value that does not exist yet is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .records import (
    Analysis,
    ClassDefinition,
    Group,
    Label,
    LabelingSession,
    Model,
    Project,
    Segment,
    Tag,
    Text,
)
from .state import StudioState

__all__ = [
    "analysis_view",
    "class_view",
    "correction_view",
    "document_view",
    "group_view",
    "label_view",
    "model_view",
    "present",
    "progress_of",
    "project_view",
    "segment_view",
    "session_documents_view",
    "session_view",
    "tag_view",
]

Tags = Callable[[Segment], Iterable[Tag]]


def present(**values: Any) -> dict[str, Any]:
    """The values that there are."""
    return {name: value for name, value in values.items() if value is not None}


def class_view(entry: ClassDefinition) -> dict[str, Any]:
    return {"id": entry.id, "name": entry.name, "example": entry.example, "description": entry.description}


def label_view(entry: Label) -> dict[str, Any]:
    return {"id": entry.id, "name": entry.name}


def tag_view(tag: Tag) -> dict[str, Any]:
    span = list(tag.span) if tag.span else None
    named = {"class": tag.class_name, "label": tag.label}
    view = {name: value for name, value in named.items() if value is not None}
    return {"id": tag.id, **view, **present(span=span, text=tag.text, status=tag.status)}


def segment_view(
    segment: Segment, tags: Iterable[Tag] | None = None, annotated: str | None = None
) -> dict[str, Any]:
    view: dict[str, Any] = {"id": segment.id, "text": segment.text, "span": list(segment.span)}
    if tags is not None:
        view["tags"] = [tag_view(tag) for tag in tags]
    if annotated is not None:
        view["annotated"] = annotated
    return view


def document_view(
    text: Text, details: frozenset[str], tags: Tags | None = None, annotated: dict[int, str] | None = None
) -> dict[str, Any]:
    """A document with the details asked for; without any, its id and text."""
    view: dict[str, Any] = {"id": text.id, "text": text.text}
    if "segments" in details:
        shown_tags = tags if "tags" in details else None
        done = annotated or {}
        view["segments"] = [
            segment_view(segment, shown_tags(segment) if shown_tags else None, done.get(segment.id))
            for segment in text.segments
        ]
    if "meta" in details:
        view["meta"] = text.meta
    return view


def progress_of(state: StudioState, session: LabelingSession) -> float:
    """The percentage of a session's segments that are marked as done."""
    segments = [
        segment.id
        for number in session.document_ids
        if number in state.texts
        for segment in state.texts[number].segments
    ]
    done = sum(segment_id in session.annotated for segment_id in segments)
    return round(100 * done / len(segments), 1) if segments else 0.0


def session_view(state: StudioState, session: LabelingSession) -> dict[str, Any]:
    project = state.projects[session.project_id]
    return present(
        id=session.id,
        uuid=session.uuid,
        name=session.name,
        description=session.description,
        created=session.created,
        finished=session.finished,
        status=session.status,
        mode=session.mode,
        type=project.type,
        progress=progress_of(state, session),
        document_count=len(session.document_ids),
        document_group_id=session.document_group_id,
        organization_id=project.workspace_id,
        user_id=session.user_id,
        project_id=session.project_id,
        model_id=session.model_id,
        classes=list(session.classes),
        labels=list(session.labels),
    )


def session_documents_view(
    state: StudioState, session: LabelingSession, texts: Iterable[Text], details: frozenset[str]
) -> dict[str, Any]:
    """A session with a part of its documents; its classes and labels are objects here."""
    project = state.projects[session.project_id]
    view = session_view(state, session)
    view["classes"] = [class_view(entry) for entry in project.classes if entry.name in session.classes]
    view["labels"] = [label_view(entry) for entry in project.labels if entry.name in session.labels]
    view["documents"] = [
        document_view(text, details, lambda segment: session.tags.get(segment.id, []), session.annotated)
        for text in texts
    ]
    return view


def correction_view(state: StudioState, session: LabelingSession, predicted_score: int) -> dict[str, Any]:
    view = session_view(state, session)
    del view["model_id"]
    model = state.models.get(session.model_id or 0)
    view["model"] = {"id": session.model_id, "display_name": model.display_name if model else "deleted model"}
    view["predicted_score"] = predicted_score
    return view


def model_view(state: StudioState, model: Model) -> dict[str, Any]:
    status, progress = model.status, model.progress
    if model.work is not None:
        share = model.work.share(state.clock())
        status = "QUEUED" if share < 0.1 else "TRAINING"
        progress = round(100 * share, 2)
    return present(
        id=model.id,
        uuid=model.uuid,
        name=model.name,
        display_name=model.display_name,
        base=model.base,
        type=model.type,
        language=model.language,
        status=status,
        progress=progress,
        score=model.score,
        project_id=model.project_id,
        owner=model.owner,
        created=model.created,
        short_description=model.short_description,
        long_description=model.long_description,
    )


def analysis_view(
    state: StudioState, analysis: Analysis, details: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """An analysis; its documents are shown only where details of them are asked for."""
    model = state.models.get(analysis.model_id)
    status, progress = analysis.status, 100.0 if analysis.status == "FINISHED" else 0.0
    if analysis.work is not None:
        share = analysis.work.share(state.clock())
        status = "CREATED" if share < 0.1 else "STARTED" if share < 0.3 else "ANALYZING"
        progress = round(100 * share, 1)
    view = present(
        id=analysis.id,
        uuid=analysis.uuid,
        name=analysis.name,
        description=analysis.description,
        created=analysis.created,
        finished=analysis.finished,
        status=status,
        progress=progress,
        type=analysis.type,
        model_id=analysis.model_id,
        document_count=len(analysis.document_ids),
        classes=[class_view(entry) for entry in model.classes] if model else [],
        labels=[label_view(entry) for entry in model.labels] if model else [],
    )
    if details:
        texts = [state.texts[number] for number in analysis.document_ids if number in state.texts]
        view["documents"] = [
            document_view(text, details, lambda segment: analysis.tags.get(segment.id, [])) for text in texts
        ]
    return view


def group_view(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "project_id": group.project_id,
        "created": group.created,
        "document_count": len(group.document_ids),
        "source": group.source,
        "status": group.status,
    }


def project_view(state: StudioState, project: Project, enriched: bool = True) -> dict[str, Any]:
    """A project; not `enriched`, it comes without its classes, labels and models."""
    view: dict[str, Any] = {
        "id": project.id,
        "name": project.name,
        "type": project.type,
        "status": project.status,
        "created": project.created,
        "external_id": project.external_id,
        "organization_id": project.workspace_id,
    }
    if enriched:
        view["classes"] = project.class_names
        view["labels"] = project.label_names
        view["models"] = [model_view(state, model) for model in state.models_of(project)]
    return view
