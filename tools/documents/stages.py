"""The stages of a document: which of them can be approved, and what leads out of the others."""

from __future__ import annotations

from ...schemas import JsonObject
from .readings import text_of

__all__ = ["decision_on", "stage_of", "why_not_approvable"]

_DECIDED = ("approved", "rejected")
_FAILED = ("validation failed", "failed")
_WAYS_OUT = {
    "rejected": "A rejected file cannot change; upload it again if it is still needed.",
    "failed": "A file can be approved only in the stage validation passed or in an approval stage: correct"
    " the values named in the messages with review_apply; if the stage does not change, a person has to move"
    " the file on in Nanonets.",
}


def stage_of(answer: JsonObject) -> str:
    """The stage of a document in lower case, empty where the service tells none."""
    return " ".join(text_of(answer.get("verification_stage")).replace("_", " ").casefold().split())


def decision_on(answer: JsonObject) -> str:
    """`approved` or `rejected`; empty for a document that still waits for a decision."""
    stage = stage_of(answer)
    return stage if stage in _DECIDED else ""


def why_not_approvable(answer: JsonObject) -> str:
    """Why a file cannot be approved from its stage, and what leads out of it; empty if it can be.

    A stage that is not known may be one of approval, as every workflow names its own.
    """
    stage = stage_of(answer)
    if stage == "rejected":
        return f"The file is already rejected. {_WAYS_OUT[stage]}"
    if stage in _FAILED:
        return f"The file cannot be approved in stage {stage}. {_WAYS_OUT['failed']}"
    return ""
