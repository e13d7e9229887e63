"""Analyses: batches that run in the background, and texts analysed at once."""

from __future__ import annotations

from typing import Any

from ..service import Call, Refusal, handles
from .access import check_role, home_of, reachable_models, signed_in
from .analysis import sentence_spans
from .documents import search_in
from .files import write_table
from .groups import add_group
from .outcomes import finish_analysis
from .prediction import predict
from .records import Analysis, Model, Segment, Tag, Text, User
from .requests import Window, details_of, fields, flag, number_of, uploaded
from .sources import documents_given, keep_upload, preview_view
from .state import StudioState
from .views import analysis_view, document_view, tag_view

__all__: list[str] = []


@handles("uploadAnalysisFile")
def upload_analysis_file(state: StudioState, call: Call) -> Any:
    signed_in(state, call)
    return preview_view(keep_upload(state, uploaded(call)))


@handles("listAnalyses")
def list_analyses(state: StudioState, call: Call) -> Any:
    """The analyses that the user has created, newest first."""
    user = signed_in(state, call)
    wanted = call.query.get("model")
    found = [
        analysis
        for analysis in reversed(state.analyses.values())
        if analysis.user_id == user.id
        and within_reach(state, analysis)
        and wanted in (None, analysis.model_id)
    ]
    return [analysis_view(state, analysis) for analysis in Window.of(call).cut(found)]


@handles("createBatchAnalysis")
def create_batch_analysis(state: StudioState, call: Call) -> Any:
    """Start an analysis. The documented body names no model: without `model_id` the active one is taken.

    Which one that is stands in the description then.
    """
    user = signed_in(state, call)
    body = fields(call)
    chosen = model_id_in(body)
    model = usual_model(state, user) if chosen is None else open_usable_model(state, user, chosen)
    texts = documents_given(state, body, model.type)
    if not texts:
        message = "An analysis needs documents: list them, or name a file_id and a column."
        raise Refusal(400, "invalid_request", message)
    number = state.next_id("analysis")
    name = str(body.get("name") or f"Analysis {number}")
    analysis = Analysis(
        number, state.new_uuid(), name, model.id, model.project_id, user.id, model.type, state.moment()
    )
    if chosen is None:
        analysis.description = f"no model_id was given, so model {model.id} was used"
    analysis.split = flag(body.get("split"), usual=True)
    for text, meta in texts:
        stored = state.add_text(model.project_id, text, meta, split=analysis.split)
        analysis.document_ids.append(stored.id)
    if model.project_id is not None:
        group = add_group(state, state.projects[model.project_id], f"Analysis: {name}", "ANALYSIS")
        group.document_ids = list(analysis.document_ids)
    state.analyses[number] = analysis
    analysis.work = state.begin(finish_analysis(state, analysis))
    return analysis_view(state, analysis)


@handles("runAdHocAnalysis")
def run_adhoc_analysis(state: StudioState, call: Call) -> Any:
    """Analyse texts at once. Nothing is kept; a document's own id comes back with it."""
    user = signed_in(state, call)
    body = fields(call)
    chosen = model_id_in(body)
    if chosen is None:
        raise Refusal(400, "invalid_request", "model_id is missing: name the model that is to analyze.")
    model = open_usable_model(state, user, chosen)
    given: list[dict[str, Any]] = body.get("documents") or []
    if not given:
        raise Refusal(400, "invalid_request", "Ad-hoc analysis needs documents.")
    documents: list[dict[str, Any]] = []
    for entry in given:
        text = str(entry.get("text") or "")
        segments: list[dict[str, Any]] = []
        for start, end in sentence_spans(text, flag(body.get("split"), usual=True)):
            segment = Segment(0, text[start:end], (start, end))
            tags = [unnumbered(tag) for tag in predict(state, segment, model)]
            segments.append({"text": segment.text, "span": [start, end], "tags": tags})
        own = {"id": entry["id"]} if "id" in entry else {}
        documents.append({**own, "text": text, "segments": segments})
    return {"model": model.display_name, "type": model.type, "documents": documents}


@handles("getAnalysis")
def get_analysis(state: StudioState, call: Call) -> Any:
    return analysis_view(state, open_analysis(state, call))


@handles("updateAnalysis")
def update_analysis(state: StudioState, call: Call) -> Any:
    analysis = open_analysis(state, call, "USER")
    analysis.name = str(fields(call).get("name") or analysis.name)
    return analysis_view(state, analysis)


@handles("deleteAnalysis")
def delete_analysis(state: StudioState, call: Call) -> None:
    """Take an analysis away; its documents stay in the project."""
    analysis = open_analysis(state, call, "USER")
    del state.analyses[analysis.id]


@handles("listAnalysisDocuments")
def list_analysis_documents(state: StudioState, call: Call) -> Any:
    """The documents, if asked only those with a tag of one of the classes and of one of the labels."""
    analysis = open_analysis(state, call)
    window = Window.of(call)
    texts = search_in(texts_of_analysis(state, analysis), call.query.get("search"))
    model = state.models.get(analysis.model_id)
    for name in ("classes", "labels"):
        wanted: list[Any] = call.query.get(name) or []
        if not wanted:
            continue
        known = (model.classes if name == "classes" else model.labels) if model else []
        names = {entry.name for entry in known if entry.id in wanted or entry.name in wanted}
        texts = [text for text in texts if names & named_in(analysis, text, name)]
    details = details_of(call)
    rows = [
        document_view(text, details, lambda segment: analysis.tags.get(segment.id, []))
        for text in window.cut(texts)
    ]
    return window.envelope("documents", rows, len(texts))


@handles("downloadAnalysisDocuments")
def download_analysis_documents(state: StudioState, call: Call) -> Any:
    analysis = open_analysis(state, call)
    records: list[dict[str, Any]] = []
    for text in texts_of_analysis(state, analysis):
        for segment in text.segments:
            pairs = [tag.meaning for tag in analysis.tags.get(segment.id, [])] or [(None, None)]
            ids = {
                "document_id": text.id,
                "text": segment.text,
                "start": segment.span[0],
                "end": segment.span[1],
            }
            records += [
                {**ids, "class": class_name or "", "label": label or ""} for class_name, label in pairs
            ]
    return write_table(f"analysis-{analysis.id}", call.query.get("format"), records)


def open_analysis(state: StudioState, call: Call, min_role: str = "VIEWER") -> Analysis:
    """The analysis of the path: the user's own, or one of a project within reach."""
    user = signed_in(state, call)
    number = int(call.path["analysis_id"])
    analysis = state.analyses.get(number)
    if analysis is None or not within_reach(state, analysis):
        raise Refusal(404, "not_found", f"There is no analysis {number}.")
    if analysis.project_id is not None:
        workspace = state.workspaces[state.projects[analysis.project_id].workspace_id]
        check_role(state, user, workspace, min_role)
    elif analysis.user_id != user.id:
        raise Refusal(403, "forbidden", f"Analysis {number} belongs to somebody else.")
    return analysis


def within_reach(state: StudioState, analysis: Analysis) -> bool:
    project = state.projects.get(analysis.project_id or 0)
    return project is None or state.workspaces[project.workspace_id].active


def texts_of_analysis(state: StudioState, analysis: Analysis) -> list[Text]:
    return [state.texts[number] for number in analysis.document_ids if number in state.texts]


def named_in(analysis: Analysis, text: Text, name: str) -> set[str | None]:
    tags = [tag for segment in text.segments for tag in analysis.tags.get(segment.id, [])]
    return {tag.class_name if name == "classes" else tag.label for tag in tags}


def unnumbered(tag: Tag) -> dict[str, Any]:
    view = tag_view(tag)
    del view["id"]
    return view


def model_id_in(body: dict[str, Any]) -> int | None:
    """The model that a body names; None if it names none."""
    given = body.get("model_id")
    if given is not None and number_of(given) is None:
        raise Refusal(400, "invalid_request", "model_id must be the number of a model.")
    return number_of(given)


def open_usable_model(state: StudioState, user: User, model_id: int) -> Model:
    """The model of an id, if the user may use it and it is ready."""
    model = state.model(model_id)
    if model not in reachable_models(state, user):
        raise Refusal(403, "forbidden", f"You may not use model {model_id}.")
    if model.project_id is not None:
        check_role(state, user, state.workspaces[state.projects[model.project_id].workspace_id], "USER")
    if not model.usable:
        message = f"Model {model_id} is {model.status}; it has to be ready first."
        raise Refusal(400, "invalid_request", message)
    return model


def usual_model(state: StudioState, user: User) -> Model:
    """The newest active model of the user's default workspace, or the next best."""
    models = reachable_models(state, user)
    home = home_of(state, user)
    projects = {project.id for project in state.projects.values() if project.workspace_id == home.id}
    extracting = {hitl.model_id for hitl in state.hitls.values() if hitl.labels}
    own = [model for model in models if model.project_id in projects and model.id not in extracting]
    public = [model for model in models if model.project_id is None]
    found = [model for model in own if model.status == "ACTIVE"] + [model for model in own if model.usable]
    return (found + public)[0]
