"""Whether a document passes the checks that the policy asks for, as it was read to be approved."""

from __future__ import annotations

from ...schemas import JsonObject
from ..checks.paper import Paper
from ..documents.file_values import values_of_file
from ..documents.values import values_of_document
from .context import Guards
from .policy import EVERY_CHECK

__all__ = ["check_refusal"]


async def check_refusal(guards: Guards, arguments: JsonObject, answer: JsonObject) -> str:
    """Why a document, as it was read just now, may not be approved by the rule on checks; empty if it may."""
    wanted = guards.policy.checks
    if wanted is None:
        return ""
    is_file = "moderated_images" in answer or "unmoderated_images" in answer
    values = values_of_file(answer) if is_file else values_of_document(answer)
    workflow_id, document_id = (
        str(next((arguments[name] for name in names if name in arguments), ""))
        for names in (("workflow_id", "model_id"), ("document_id", "request_file_id"))
    )
    paper = Paper.of(workflow_id, document_id, answer, values)
    names = None if wanted == (EVERY_CHECK,) else frozenset(wanted)
    return guards.policy.check_refusal(await guards.checks.unmet(paper, names))
