"""What can be waited for: how each kind is read, and which words of the services mean done or failed.

A word that is not in the table counts as still running and is shown, unless a time of the end stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...schemas import JsonObject, JsonValue

__all__ = ["AWAITED", "Awaited", "Outcome", "WaitState", "state_of"]

Outcome = Literal["done", "ready", "failed", "running"]
"""`ready`: people can work in it now, and have not finished."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """One thing that can be waited for.

    `arguments` maps each argument of ours that is needed to the one of the operation `read`. `inside` names
    the keys under which the answer may hold the thing itself, else it is the answer. `done`, `failed` and
    `running` are the service's words, in small letters; `done_number` is the `state` that means done where
    the service counts them; `ready` are the words for what people can work in now. `after_done` and
    `after_failed` say what to do then.
    """

    kind: str
    read: str
    arguments: Mapping[str, str]
    done: frozenset[str]
    failed: frozenset[str]
    running: frozenset[str]
    after_done: str
    after_failed: str
    ready: frozenset[str] = frozenset()
    inside: tuple[str, ...] = ()
    done_number: int | None = None


@dataclass(frozen=True, slots=True)
class WaitState:
    """What one read told: the outcome, the service's own word, whether it is known, the percentage done."""

    outcome: Outcome
    word: str
    is_known: bool
    progress: float | None = None
    message: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


_IN_PROJECT = {"project_id": "project_id"}

AWAITED: tuple[Awaited, ...] = (
    Awaited(
        "document",
        "getDocument",
        {"workflow_id": "workflow_id", "document_id": "document_id"},
        done=_words("success"),
        failed=_words("failure, failed"),
        running=_words("pending"),
        after_done="Call review_document with the same ids.",
        after_failed="Look at the file (nanonets_download_document); upload it again or tell the user.",
    ),
    Awaited(
        "model",
        "getOcrModel",
        {"model_id": "model_id"},
        done=_words("trained"),
        failed=_words("failed, not trained"),
        running=_words("training"),
        after_done="Send files with nanonets_extract_file.",
        after_failed="Upload training files, then start the training with nanonets_train_model.",
        done_number=5,
    ),
    Awaited(
        "model",
        "getModel",
        {"id": "model_id"},
        done=_words("ready, active, published"),
        failed=_words("failed"),
        running=_words("created, queued, training"),
        after_done="See its quality with studio_get_project_model, or use it with studio_run_adhoc_analysis.",
        after_failed="Read the reason with studio_list_notifications.",
        inside=("models",),
    ),
    Awaited(
        "analysis",
        "getAnalysis",
        {"id": "analysis_id"},
        done=_words("finished"),
        failed=_words("failed"),
        running=_words("created, started, analyzing"),
        after_done="Read the results with studio_list_analysis_documents; pass details segments and tags.",
        after_failed="Read the reason with studio_list_notifications.",
    ),
    Awaited(
        "task",
        "getProjectTask",
        {**_IN_PROJECT, "id": "task_id"},
        done=_words("finished, created"),
        failed=_words("failed"),
        running=_words("started, cloning"),
        after_done="Read the project with studio_get_project.",
        after_failed="Read the reason with studio_list_notifications.",
        inside=("task",),
    ),
    Awaited(
        "group",
        "getGroup",
        {**_IN_PROJECT, "id": "group_id"},
        done=_words("created"),
        failed=_words("failed, deleting"),
        running=_words("processing"),
        after_done="Read its texts with studio_list_group_documents.",
        after_failed="Create the group again with studio_create_group.",
    ),
    Awaited(
        "labeling_session",
        "getLabelingSession",
        {**_IN_PROJECT, "id": "annotation_id"},
        done=_words("finished"),
        failed=_words("failed, deleting"),
        running=_words("started, sampling, predicting"),
        after_done="Read its texts with review_texts (kind labeling_session, id); review_tag tags and closes"
        " them.",
        ready=_words("created, annotating"),
        after_failed="Create the session again with studio_create_labeling_session.",
    ),
    Awaited(
        "correction",
        "getCorrection",
        {**_IN_PROJECT, "id": "correction_id"},
        done=_words("finished"),
        failed=_words("failed, deleting"),
        running=_words("created, started, sampling, predicting"),
        after_done="Read its texts with review_texts (kind correction, id); review_tag corrects and closes"
        " them.",
        ready=_words("annotating"),
        after_failed="Create the correction session again with studio_create_correction.",
    ),
)
"""Everything that can be waited for. A session is waited for until people can work in it, done or not.

The documents give a project as the answer for a task, so both its words and those of a task are there.
"""


def state_of(awaited: Awaited, answer: JsonObject) -> WaitState:
    """What an answer of the service says about the thing that is waited for."""
    item = _item(awaited, answer)
    word = _text(item.get("status"))
    small = word.strip().casefold()
    progress = item.get("progress")
    is_known = small in awaited.done | awaited.ready | awaited.failed | awaited.running
    is_over = bool(item.get("finished")) and not is_known
    is_counted_done = awaited.done_number is not None and item.get("state") == awaited.done_number
    outcome: Outcome = "running"
    if small in awaited.ready:
        outcome = "ready"
    elif small in awaited.done or is_over or is_counted_done:
        outcome = "done"
    elif small in awaited.failed:
        outcome = "failed"
    return WaitState(
        outcome,
        word,
        is_known,
        float(progress) if isinstance(progress, int | float) else None,
        _text(item.get("verification_message")),
    )


def _item(awaited: Awaited, answer: JsonObject) -> JsonObject:
    for key in awaited.inside:
        found = answer.get(key)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict) and "status" in found:
            return found
    return answer


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
