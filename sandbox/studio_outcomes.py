"""What happens when a model's training or a batch analysis is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .studio_prediction import evaluate, predict_texts
from .studio_records import Analysis, LabelingSession, Model

if TYPE_CHECKING:
    from .studio_state import StudioState

__all__ = ["finish_analysis", "finish_training"]


def finish_training(
    state: StudioState,
    model: Model,
    train: Sequence[LabelingSession],
    test: Sequence[LabelingSession],
    user_id: int,
) -> Callable[[], None]:
    """The end of a training: the model is READY, has a score and metrics, and its user is told."""

    def finish() -> None:
        when = state.moment(model.work.due if model.work else None)
        model.work = None
        if model.id not in state.models or model.project_id not in state.projects:
            return
        model.score, model.metrics = evaluate(state, state.projects[model.project_id], train, test)
        model.status, model.progress = "READY", 100.0
        text = f"Your model '{model.display_name}' is ready to be used"
        state.notify(user_id, "Model is ready", text, when=when)

    return finish


def finish_analysis(state: StudioState, analysis: Analysis) -> Callable[[], None]:
    """The end of a batch analysis: its segments have tags, and its user is told."""

    def finish() -> None:
        when = state.moment(analysis.work.due if analysis.work else None)
        analysis.work = None
        if analysis.id not in state.analyses:
            return
        chosen = [state.texts[number] for number in analysis.document_ids if number in state.texts]
        analysis.tags = predict_texts(state, chosen, state.models[analysis.model_id])
        analysis.status, analysis.finished = "FINISHED", when
        text = f"Your analysis '{analysis.name}' is finished"
        state.notify(analysis.user_id, "Analysis is finished", text, when=when)

    return finish
