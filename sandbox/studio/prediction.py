"""What the sandbox's models do: predict tags for segments, and be measured against people's tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .analysis import analyser
from .records import ClassDefinition, Label, LabelingSession, Model, Project, Segment, Tag, Text
from .state import StudioState

__all__ = ["annotated_segments", "evaluate", "meanings_of", "predict", "predict_texts"]

Meaning = tuple[str | None, str | None]


def meanings_of(
    text: str, kind: str, classes: Sequence[ClassDefinition], labels: Sequence[Label]
) -> list[Meaning]:
    """The (class, label) pairs that a model of this kind finds in one segment."""
    return _meanings(kind, classes, labels)(text)


def _meanings(
    kind: str, classes: Sequence[ClassDefinition], labels: Sequence[Label]
) -> Callable[[str], list[Meaning]]:
    find = analyser(kind, classes, [label.name for label in labels])
    return lambda text: [(prediction.class_name, prediction.label) for prediction in find(text)]


def predict(state: StudioState, segment: Segment, model: Model, status: str | None = None) -> list[Tag]:
    """New tags for a segment, as the model sees it."""
    pairs = meanings_of(segment.text, model.type, model.classes, model.labels)
    return [state.new_tag(class_name, label, status) for class_name, label in pairs]


def predict_texts(state: StudioState, texts: Iterable[Text], model: Model) -> dict[int, list[Tag]]:
    """Segment id → tags, for all segments of the texts."""
    find = _meanings(model.type, model.classes, model.labels)
    return {
        segment.id: [state.new_tag(class_name, label) for class_name, label in find(segment.text)]
        for text in texts
        for segment in text.segments
    }


def evaluate(
    state: StudioState, project: Project, train: Sequence[LabelingSession], test: Sequence[LabelingSession]
) -> tuple[float, dict[str, Any]]:
    """The score (F1) and the metrics of a model on what people annotated in the test sessions.

    When both are the same sessions, each fifth annotated segment tests and the others train.
    """
    trained = annotated_segments(state, train)
    tested = annotated_segments(state, test)
    if [session.id for session in train] == [session.id for session in test]:
        tested = trained[::5]
        if not any(tags for _, tags in tested):
            tested = [pair for pair in trained if pair[1]]
        trained = [pair for index, pair in enumerate(trained) if index % 5]
    hits: dict[str, int] = {}
    misses: dict[str, int] = {}
    false_alarms: dict[str, int] = {}
    right = 0
    find = _meanings(project.type, project.classes, project.labels)
    for segment, tags in tested:
        expected = {tag.meaning for tag in tags}
        predicted = set(find(segment.text))
        right += expected == predicted
        for counts, pairs in (
            (hits, expected & predicted),
            (misses, expected - predicted),
            (false_alarms, predicted - expected),
        ):
            for class_name, label in pairs:
                name = class_name or label or ""
                counts[name] = counts.get(name, 0) + 1
    overall = rates(sum(hits.values()), sum(misses.values()), sum(false_alarms.values()))
    names = sorted(hits.keys() | misses.keys() | false_alarms.keys())
    by_name = {
        name: rates(hits.get(name, 0), misses.get(name, 0), false_alarms.get(name, 0)) for name in names
    }
    accuracy = round(right / len(tested), 4) if tested else 0.0
    metrics: dict[str, Any] = {
        **overall,
        "accuracy": accuracy,
        "train_size": len(trained),
        "test_size": len(tested),
        "labels" if project.type == "LABEL" else "classes": by_name,
    }
    return overall["f1"], metrics


def annotated_segments(
    state: StudioState, sessions: Sequence[LabelingSession]
) -> list[tuple[Segment, list[Tag]]]:
    """The segments that somebody marked as done, with the tags they carry."""
    return [
        (segment, session.tags.get(segment.id, []))
        for session in sessions
        for document_id in session.document_ids
        if document_id in state.texts
        for segment in state.texts[document_id].segments
        if segment.id in session.annotated
    ]


def rates(hits: int, misses: int, false_alarms: int) -> dict[str, float]:
    precision = hits / (hits + false_alarms) if hits + false_alarms else 0.0
    recall = hits / (hits + misses) if hits + misses else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}
