"""What happens when a model's training or a batch analysis is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .prediction import annotated_segments, evaluate, predict_texts
from .records import Analysis, LabelingSession, Model
from .state import StudioState

__all__ = ["finish_analysis", "finish_training"]


def finish_training(
    state: StudioState,
    model: Model,
    train: Sequence[LabelingSession],
    test: Sequence[LabelingSession],
    user_id: int,
) -> Callable[[], None]:
    """The end of a training: the model is READY, has a score and metrics, and its user gets a notification.

    Sessions that hold no tags teach nothing and measure nothing: then the model has FAILED.
    """

    def finish() -> None:
        if model.work is None or model.id not in state.models or model.project_id not in state.projects:
            return
        when = state.moment(model.work.due)
        model.work = None
        for sessions, use in ((train, "train on"), (test, "test with")):
            if not any(tags for _, tags in annotated_segments(state, sessions)):
                model.status = "FAILED"
                numbers = ", ".join(str(session.id) for session in sessions)
                text = (
                    f"Your model '{model.display_name}' could not be trained: the labeling sessions to {use} "
                    f"({numbers}) hold no tags"
                )
                state.notify(user_id, "Training failed", text, kind="WARNING", when=when)
                return
        model.score, model.metrics = evaluate(state, state.projects[model.project_id], train, test)
        model.status, model.progress = "READY", 100.0
        text = f"Your model '{model.display_name}' is ready to be used"
        state.notify(user_id, "Model is ready", text, when=when)

    return finish


def finish_analysis(state: StudioState, analysis: Analysis) -> Callable[[], None]:
    """The end of a batch analysis: its segments have tags, and its user gets a notification."""

    def finish() -> None:
        if analysis.work is None or analysis.id not in state.analyses:
            return
        when = state.moment(analysis.work.due)
        analysis.work = None
        model = state.models.get(analysis.model_id)
        if model is None:
            analysis.status = "FAILED"
            text = f"Your analysis '{analysis.name}' failed: its model was deleted"
            state.notify(analysis.user_id, "Analysis failed", text, kind="WARNING", when=when)
            return
        chosen = [state.texts[number] for number in analysis.document_ids if number in state.texts]
        analysis.tags = predict_texts(state, chosen, model)
        analysis.status, analysis.finished = "FINISHED", when
        text = f"Your analysis '{analysis.name}' is finished"
        state.notify(analysis.user_id, "Analysis is finished", text, when=when)

    return finish
