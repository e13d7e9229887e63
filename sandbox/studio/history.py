"""What has been done in the sandbox's projects before it starts: labeling, training, analyses, reviews."""

from __future__ import annotations

from ..beginning import day_before
from .outcomes import finish_analysis, finish_training
from .prediction import evaluate, predict, predict_texts
from .records import (
    Analysis,
    Group,
    Hitl,
    HitlReview,
    LabelingSession,
    Model,
    Notification,
    Task,
    Text,
)
from .state import StudioState

__all__ = ["add_history"]

Gold = dict[str, list[tuple[str | None, str | None]]]

GROUPS = [
    (1, "Booking.com, spring 2026", "UPLOAD", 0, 45),
    (1, "Guest forms", "UPLOAD", 45, 70),
    (2, "Tickets of May", "UPLOAD", 0, 50),
    (3, "Urgent queue", "UPLOAD", 0, 30),
    (4, "App store export", "UPLOAD", 0, 30),
]
SESSIONS = [
    # project, name, status, first and last document, share annotated
    (1, "Reviews, first round", "FINISHED", 0, 30, 1.0),
    (1, "Reviews, second round", "ANNOTATING", 30, 55, 0.6),
    (1, "German reviews", "CREATED", 55, 70, 0.0),
    (1, "Import of old labels", "FAILED", 70, 72, 0.0),
    (2, "Topics, first round", "FINISHED", 0, 25, 1.0),
    (2, "Topics, second round", "ANNOTATING", 25, 45, 0.3),
    (3, "Urgency by the night shift", "FINISHED", 0, 25, 1.0),
    (4, "Feedback, first round", "FINISHED", 0, 22, 1.0),
    (4, "Feedback on the watch", "ANNOTATING", 22, 34, 0.5),
    (5, "Invoices to check", "ANNOTATING", 0, 4, 0.0),
]
MODELS: list[tuple[int, int, str, str, str, list[int]]] = [
    # id, project, display name, base, status, sessions that trained it
    (10, 1, "Alpenblick reviews v1", "Hotels Pre-Trained", "READY", [101]),
    (11, 1, "Alpenblick reviews v2", "Hotels Pre-Trained", "ACTIVE", [101, 102]),
    (12, 1, "Alpenblick reviews v3", "Hotels Pre-Trained", "TRAINING", [101, 102]),
    (13, 1, "Reviews from old labels", "Hotels Pre-Trained", "FAILED", [104]),
    (14, 2, "Ticket topics v1", "Support Pre-Trained", "ACTIVE", [105]),
    (15, 3, "Urgency v1", "Support Pre-Trained", "READY", [107]),
    (16, 4, "Product feedback v1", "", "ACTIVE", [108]),
    (17, 4, "Product feedback v2", "Product feedback v1", "QUEUED", [108, 109]),
    (18, 5, "Invoice Extraction v1", "", "ACTIVE", []),
]
PUBLIC_MODELS = [
    (387, "Hotels Pre-Trained", "en", 1, 0.79),
    (388, "Support Pre-Trained", "en", 2, 0.74),
    (389, "Hotels Pre-Trained (German)", "de", 1, 0.71),
]
ANALYSES = [
    # name, model, first and last document of the model's project, status, days ago
    ("Reviews of May", 11, 0, 40, "FINISHED", 12),
    ("Guest forms, quick look", 10, 45, 60, "FINISHED", 4),
    ("Tickets of May", 14, 0, 40, "FINISHED", 9),
    ("Night shift, July", 15, 0, 20, "FINISHED", 3),
    ("Feedback for the board", 16, 0, 30, "ANALYZING", 0),
    ("Broken export", 14, 60, 62, "FAILED", 20),
]
THRESHOLDS = {
    "Invoice number": 90,
    "Invoice date": 85,
    "Supplier": 80,
    "Total": 95,
    "IBAN": 95,
    "Due date": 80,
}
REVIEWS = [
    # document, page, label, value, confidence
    (0, 0, "Invoice date", day_before(35), 71),
    (0, 1, "IBAN", "AT61 1904 3002 3457 32O1", 64),
    (1, 1, "Total", "1,206.00", 82),
    (2, 0, "Invoice number", "R-1OO77", 58),
    (2, 1, "IBAN", "DE89 3704 0044 0532 0130 00", 90),
    (3, 0, "Supplier", "Kaffeerösterei Sonnlg", 66),
]


def add_history(state: StudioState, gold: Gold) -> None:
    """Fill the projects with what people and models did there; `gold` is what annotators would tag."""
    texts = {project.id: state.texts_of(project) for project in state.projects.values()}
    for index, (project_id, name, source, first, last) in enumerate(GROUPS):
        add_group(state, project_id, name, source, texts[project_id][first:last], 60 - index)
    for index, (project_id, name, status, first, last, share) in enumerate(SESSIONS):
        session = add_session(state, project_id, name, texts[project_id][first:last], 50 - index)
        session.status = status
        annotate(state, session, gold, share)
    add_models(state)
    add_corrections(state, texts, gold)
    add_analyses(state, texts)
    add_reviews(state, texts[5])
    for title, text, kind, read in (
        (
            "Model is ready",
            "Your model 'Alpenblick reviews v2' is ready to be used",
            "INFO",
            state.days_ago(14),
        ),
        ("Training failed", "Your model 'Reviews from old labels' could not be trained", "WARNING", None),
        ("Analysis is finished", "Your analysis 'Guest forms, quick look' is finished", "INFO", None),
    ):
        number = state.next_id("notification", 120)
        created = state.days_ago(15 - 3 * (number - 120))
        state.notifications[number] = Notification(number, 1, title, text, created, kind, read)


def add_group(
    state: StudioState, project_id: int, name: str, source: str, texts: list[Text], days: float
) -> Group:
    number = state.next_id("group", 18)
    group = Group(number, project_id, name, state.days_ago(days), source)
    group.document_ids = [text.id for text in texts]
    state.groups[number] = group
    return group


def add_session(
    state: StudioState, project_id: int, name: str, texts: list[Text], days: float, mode: str = "ANNOTATION"
) -> LabelingSession:
    project = state.projects[project_id]
    number = state.next_id("session", 101)
    session = LabelingSession(
        number, state.new_uuid(), project_id, 1 + number % 3, name, state.days_ago(days), mode
    )
    session.document_ids = [text.id for text in texts]
    session.classes = project.class_names
    session.labels = project.label_names
    session.document_group_id = add_group(
        state, project_id, f"{name} (documents)", "ANNOTATIONS", texts, days
    ).id
    state.sessions[number] = session
    return session


def annotate(state: StudioState, session: LabelingSession, gold: Gold, share: float) -> None:
    """Let a careful person work through this share of a session."""
    segments = [part for number in session.document_ids for part in state.texts[number].segments]
    done = segments[: round(len(segments) * share)]
    otherwise: list[tuple[str | None, str | None]] = [(None, "Normal")] if "Normal" in session.labels else []
    for segment in done:
        pairs = gold.get(segment.text, otherwise)
        if pairs:
            status = "READY" if session.mode == "CORRECTION" else None
            session.tags[segment.id] = [
                state.new_tag(class_name, label, status) for class_name, label in pairs
            ]
        session.annotated[segment.id] = session.created
    if session.status == "FINISHED":
        session.finished = session.created


def add_models(state: StudioState) -> None:
    for number, name, language, project_id, score in PUBLIC_MODELS:
        project = state.projects[project_id]
        state.models[number] = Model(
            number,
            state.new_uuid(),
            None,
            name,
            name,
            project.type,
            language,
            state.days_ago(500),
            "DeepOpinion",
        )
        model = state.models[number]
        model.status, model.score, model.progress = "PUBLISHED", score, 100.0
        model.classes, model.labels = list(project.classes), list(project.labels)
        model.collection_id = 1
        model.short_description = f"Ready-made model for {project.name.casefold()}"
    for number, project_id, name, base, status, session_ids in MODELS:
        project = state.projects[project_id]
        model = Model(
            number,
            state.new_uuid(),
            project_id,
            name,
            name,
            project.type,
            "en",
            state.days_ago(45 - number),
            state.users[1 + number % 2].name,
            base,
            status=status,
            classes=list(project.classes),
            labels=list(project.labels),
        )
        trained = f"Trained on {len(session_ids)} labeling session(s)"
        model.short_description = trained if session_ids else "Reads supplier invoices"
        state.models[number] = model
        sessions = [state.sessions[session_id] for session_id in session_ids]
        if status in ("READY", "ACTIVE") and sessions:
            model.score, model.metrics = evaluate(state, project, sessions, sessions)
            model.progress = 100.0
        elif status in ("READY", "ACTIVE"):
            model.score, model.progress = 0.93, 100.0
        elif status in ("TRAINING", "QUEUED"):
            times = 20.0 if status == "TRAINING" else 40.0
            model.work = state.begin(finish_training(state, model, sessions, sessions, 1), times)
    state.last_ids["model"] = 389


def add_corrections(state: StudioState, texts: dict[int, list[Text]], gold: Gold) -> None:
    for project_id, model_id, name, first, last, share, days in (
        (1, 11, "Correction of v2", 72, 84, 0.4, 8),
        (1, 10, "Correction of v1", 84, 90, 1.0, 25),
        (2, 14, "Topics that went wrong", 50, 60, 0.0, 2),
    ):
        session = add_session(state, project_id, name, texts[project_id][first:last], days, "CORRECTION")
        session.model_id = model_id
        model = state.models[model_id]
        segments = [part for number in session.document_ids for part in state.texts[number].segments]
        for segment in segments:
            session.tags[segment.id] = predict(state, segment, model, "CORRECTING")
            session.predicted[segment.id] = {tag.meaning for tag in session.tags[segment.id]}
        session.status = "FINISHED" if share == 1 else "ANNOTATING"
        annotate(state, session, gold, share)


def add_analyses(state: StudioState, texts: dict[int, list[Text]]) -> None:
    for name, model_id, first, last, status, days in ANALYSES:
        model = state.models[model_id]
        number = state.next_id("analysis", 31)
        analysis = Analysis(
            number,
            state.new_uuid(),
            name,
            model_id,
            model.project_id,
            1,
            model.type,
            state.days_ago(days),
            status,
        )
        chosen = texts[model.project_id or 0][first:last]
        analysis.document_ids = [text.id for text in chosen]
        state.analyses[number] = analysis
        add_group(state, model.project_id or 0, f"Analysis: {name}", "ANALYSIS", chosen, days)
        if status == "FINISHED":
            analysis.tags = predict_texts(state, chosen, model)
            analysis.finished = state.days_ago(days - 0.01)
        elif status == "ANALYZING":
            analysis.status = "CREATED"
            analysis.work = state.begin(finish_analysis(state, analysis), 10.0)


def add_reviews(state: StudioState, invoices: list[Text]) -> None:
    created = state.days_ago(9)
    state.hitls[1] = Hitl(
        1, 5, "Invoice check", "A person looks at what the model is not sure of", created, created
    )
    hitl = state.hitls[1]
    hitl.assigned_user_id, hitl.model_id, hitl.is_live = 3, 18, True
    hitl.webhook_url = "https://hooks.alpenblick.example/invoices"
    hitl.labels = dict(THRESHOLDS)
    created = state.days_ago(20)
    state.hitls[2] = Hitl(2, 1, "Angry guests", "Reviews with three complaints or more", created, created)
    state.hitls[2].model_id = 11
    state.last_ids["hitl"] = 2
    session = next(entry for entry in state.sessions.values() if entry.project_id == 5)
    for index, text in enumerate(invoices):
        number = state.next_id("task", 900)
        state.tasks[number] = Task(
            number, 5, f"Extraction of invoice-{index + 1}.pdf", "FINISHED", text.created
        )
    for index, page, label, value, confidence in REVIEWS:
        number = state.next_id("review", 70)
        moment = state.days_ago(5 - index)
        state.reviews[number] = HitlReview(
            number,
            1,
            900 + index,
            invoices[index].id,
            f"invoice-{index + 1}.pdf",
            page,
            label,
            THRESHOLDS[label],
            moment,
            moment,
            user_id=3,
            ls_annotation_id=session.id,
            value=value,
            confidence=confidence,
        )
