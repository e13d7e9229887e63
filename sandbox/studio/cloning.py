"""The copy of a project with all that belongs to it, under new ids."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from .records import Model, Project, Tag
from .state import StudioState

__all__ = ["clone"]


class Copies:
    """Old id → new id, for each kind of thing that others refer to."""

    def __init__(self, state: StudioState) -> None:
        self.state = state
        self.texts: dict[int, int] = {}
        self.segments: dict[int, int] = {}
        self.groups: dict[int, int] = {}
        self.sessions: dict[int, int] = {}
        self.models: dict[int, int] = {}
        self.hitls: dict[int, int] = {}
        self.tasks: dict[int, int] = {}

    def documents(self, numbers: list[int]) -> list[int]:
        return [self.texts[number] for number in numbers if number in self.texts]

    def tags(self, tags: dict[int, list[Tag]]) -> dict[int, list[Tag]]:
        return {
            self.segments[segment_id]: [replace(tag, id=self.state.next_id("tag")) for tag in found]
            for segment_id, found in tags.items()
            if segment_id in self.segments
        }


def clone(state: StudioState, source: Project, workspace_id: int) -> Project:
    """Copy a project into a workspace; what is still being trained or analysed there is not copied."""
    number = state.next_id("project")
    names = {entry.name for entry in state.projects.values() if entry.workspace_id == workspace_id}
    name = source.name
    if name in names:
        count = 1
        while (name := f"{source.name} (copy{'' if count == 1 else f' {count}'})") in names:
            count += 1
    copy = Project(number, workspace_id, name, source.type, state.moment(), external_id=411 + number)
    copy.classes = [replace(entry, id=state.next_id("class")) for entry in source.classes]
    copy.labels = [replace(entry, id=state.next_id("label")) for entry in source.labels]
    state.projects[number] = copy
    copies = Copies(state)
    copy_texts(state, source, copy, copies)
    copy_models(state, source, copy, copies)
    copy_sessions(state, source, copy, copies)
    copy_analyses(state, source, copy, copies)
    copy_reviews(state, source, copy, copies)
    return copy


def copy_texts(state: StudioState, source: Project, copy: Project, copies: Copies) -> None:
    for text in state.texts_of(source):
        stored = state.add_text(copy.id, "", deepcopy(text.meta), created=text.created)
        stored.text = text.text
        for segment in text.segments:
            twin = replace(segment, id=state.next_id("segment"))
            stored.segments.append(twin)
            copies.segments[segment.id] = twin.id
        copies.texts[text.id] = stored.id
    for group in [entry for entry in state.groups.values() if entry.project_id == source.id]:
        number = state.next_id("group")
        documents = copies.documents(group.document_ids)
        state.groups[number] = replace(group, id=number, project_id=copy.id, document_ids=documents)
        copies.groups[group.id] = number


def copy_models(state: StudioState, source: Project, copy: Project, copies: Copies) -> None:
    taken = {model.name for model in state.models.values()}
    for model in [entry for entry in state.models_of(source) if entry.work is None]:
        number = state.next_id("model")
        name = model.name
        while name in taken:
            name = f"{name} (copy)"
        taken.add(name)
        state.models[number] = twin_of(model, number, copy, name, state.new_uuid())
        copies.models[model.id] = number


def twin_of(model: Model, number: int, copy: Project, name: str, uuid: str) -> Model:
    return replace(
        model,
        id=number,
        uuid=uuid,
        project_id=copy.id,
        name=name,
        classes=list(copy.classes),
        labels=list(copy.labels),
        metrics=deepcopy(model.metrics),
    )


def copy_sessions(state: StudioState, source: Project, copy: Project, copies: Copies) -> None:
    for session in [entry for entry in state.sessions.values() if entry.project_id == source.id]:
        number = state.next_id("session")
        state.sessions[number] = replace(
            session,
            id=number,
            uuid=state.new_uuid(),
            project_id=copy.id,
            document_group_id=copies.groups.get(session.document_group_id or 0),
            model_id=copies.models.get(session.model_id or 0, session.model_id),
            document_ids=copies.documents(session.document_ids),
            classes=list(session.classes),
            labels=list(session.labels),
            tags=copies.tags(session.tags),
            annotated={
                copies.segments[key]: when
                for key, when in session.annotated.items()
                if key in copies.segments
            },
            predicted={
                copies.segments[key]: set(found)
                for key, found in session.predicted.items()
                if key in copies.segments
            },
        )
        copies.sessions[session.id] = number


def copy_analyses(state: StudioState, source: Project, copy: Project, copies: Copies) -> None:
    for analysis in [entry for entry in state.analyses.values() if entry.project_id == source.id]:
        if analysis.work is not None:
            continue
        number = state.next_id("analysis")
        state.analyses[number] = replace(
            analysis,
            id=number,
            uuid=state.new_uuid(),
            project_id=copy.id,
            model_id=copies.models.get(analysis.model_id, analysis.model_id),
            document_ids=copies.documents(analysis.document_ids),
            tags=copies.tags(analysis.tags),
        )


def copy_reviews(state: StudioState, source: Project, copy: Project, copies: Copies) -> None:
    for task in [entry for entry in state.tasks.values() if entry.project_id == source.id and not entry.work]:
        number = state.next_id("task")
        state.tasks[number] = replace(task, id=number, project_id=copy.id)
        copies.tasks[task.id] = number
    for hitl in [entry for entry in state.hitls.values() if entry.project_id == source.id]:
        number = state.next_id("hitl")
        model_id = copies.models.get(hitl.model_id or 0, hitl.model_id or 0) or None
        state.hitls[number] = replace(
            hitl, id=number, project_id=copy.id, model_id=model_id, labels=dict(hitl.labels)
        )
        copies.hitls[hitl.id] = number
    for review in [entry for entry in state.reviews.values() if entry.hitl_id in copies.hitls]:
        number = state.next_id("review")
        state.reviews[number] = replace(
            review,
            id=number,
            hitl_id=copies.hitls[review.hitl_id],
            task_id=copies.tasks.get(review.task_id, review.task_id),
            document_id=copies.texts.get(review.document_id, review.document_id),
            ls_annotation_id=copies.sessions.get(review.ls_annotation_id or 0),
        )
