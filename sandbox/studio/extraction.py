"""Extraction of values from an uploaded document.

The sandbox reads no pictures: what it "finds" follows from the file's bytes, so that the same file always
gives the same values. What a live HITL of the project finds too uncertain becomes a review.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath
from random import Random
from typing import Any

from ..service import Call, Refusal, UploadedFile, handles
from .access import open_model, open_project
from .annotated_pages import Match, annotated_page
from .records import Hitl, HitlReview, Model, Project, Task, User
from .requests import flag, uploaded
from .sessions import add_session
from .state import StudioState
from .views import label_view

__all__ = ["extracted"]

FORMATS = ("pdf", "jpeg", "jpg", "png", "tiff", "tif", "webp")
CREDITS_PER_PAGE = 12
MAX_PAGES = 5
SUPPLIERS = (
    "Bäckerei Moser KG",
    "Linen & Laundry Ltd",
    "Aqua Pooltechnik GmbH",
    "Nordic Tea AB",
    "Fiori SRL",
)
NAMES = ("John Doe", "Mei Tanaka", "Sofia Lind", "Ahmed Karim", "Claire Dubois")


@handles("extractInformation")
def extract_information(state: StudioState, call: Call) -> Any:
    user, project = open_project(state, call, "USER")
    if project.workspace_id != int(call.path["organization_id"]):
        message = f"There is no project {project.id} in workspace {call.path['organization_id']}."
        raise Refusal(404, "not_found", message)
    _, model = open_model(state, call, "USER")
    if not model.usable:
        raise Refusal(400, "invalid_request", f"Model {model.id} has to be ready first.")
    file = uploaded(call)
    if PurePath(file.file_name).suffix.casefold().removeprefix(".") not in FORMATS:
        raise Refusal(400, "invalid_request", "The document must be pdf, jpeg, jpg, png, tiff or webp.")
    names = [label.name for label in model.labels] or [entry.name for entry in model.classes]
    pages = pages_in(file)
    matches = extracted(file.content, names, pages)
    hitl = next(
        (
            entry
            for entry in state.hitls.values()
            if entry.project_id == project.id and entry.is_live and entry.model_id in (None, model.id)
        ),
        None,
    )
    doubtful = [
        entry for entry in matches if hitl and 100 * entry.confidence < hitl.labels.get(entry.label, 0)
    ]
    document: dict[str, Any] = {
        "name": file.file_name,
        "all_required_fields_found": True,
        "all_confidence_thresholds_met": not doubtful,
        "all_data_conversion_passed": True,
        "credits_used": CREDITS_PER_PAGE * pages,
        "matches": [
            {"label": entry.label, "value": entry.value, "confidence": entry.confidence, "page": entry.page}
            for entry in matches
        ],
    }
    on_pages = [[entry for entry in matches if entry.page == page] for page in range(pages)]
    if flag(call.query.get("return_bboxes")):
        document["bboxes"] = [[entry.words() for entry in found] for found in on_pages]
    if flag(call.query.get("return_annotated_pages")):
        document["annotated_pages"] = [annotated_page(file.file_name, found) for found in on_pages]
    if hitl and doubtful:
        ask_people(state, user, project, hitl, file, matches, doubtful)
        confidences = [
            {
                "label": entry.label,
                "value": entry.value,
                "expected_confidence": hitl.labels[entry.label],
                "found": round(100 * entry.confidence),
            }
            for entry in doubtful
        ]
        document["hitl"] = {"status": "pending", "result": [{"confidences": confidences}]}
    return answer(model, project, document)


def answer(model: Model, project: Project, document: dict[str, Any]) -> dict[str, Any]:
    checks = ("all_required_fields_found", "all_confidence_thresholds_met", "all_data_conversion_passed")
    return {
        "model": model.display_name,
        **{name: document[name] for name in checks},
        "total_credits_used": document["credits_used"],
        "documents": [document],
        "labels": [label_view(label) for label in project.labels],
    }


def pages_in(file: UploadedFile) -> int:
    """How many pages a PDF seems to have; a picture has one."""
    count = len(re.findall(rb"/Type\s*/Page(?![a-zA-Z])", file.content))
    return min(max(count, 1), MAX_PAGES)


def extracted(content: bytes, labels: list[str], pages: int) -> list[Match]:
    """A value for each label, one below the other, the first ones on the first page."""
    random = Random(hashlib.sha256(content).hexdigest())
    on_a_page = -(-len(labels) // pages)
    matches: list[Match] = []
    for index, label in enumerate(labels):
        value = value_for(label, random)
        top = round(0.12 + 0.07 * (index % on_a_page), 4)
        box = (0.36, top, round(min(0.95, 0.36 + 0.0135 * len(value)), 4), round(top + 0.022, 4))
        confidence = round(
            random.uniform(0.55, 0.8) if random.random() < 0.2 else random.uniform(0.9, 0.999), 4
        )
        matches.append(Match(label, value, confidence, index // on_a_page, box))
    return matches


def value_for(label: str, random: Random) -> str:
    """A value such as one would expect under this label."""
    name = label.casefold()
    if "date" in name:
        return f"2026-{random.randint(1, 10):02}-{random.randint(1, 28):02}"
    if "iban" in name:
        return " ".join(
            ["AT" + f"{random.randint(10, 99)}", *(f"{random.randint(0, 9999):04}" for _ in range(4))]
        )
    if any(word in name for word in ("total", "amount", "price", "sum")):
        return f"{random.randint(20, 2400):,}.{random.randint(0, 99):02}"
    if any(word in name for word in ("number", "no.", "id")):
        return f"R-{random.randint(10000, 99999)}"
    if any(word in name for word in ("supplier", "vendor", "company")):
        return random.choice(SUPPLIERS)
    return random.choice(NAMES)


def ask_people(
    state: StudioState,
    user: User,
    project: Project,
    hitl: Hitl,
    file: UploadedFile,
    matches: list[Match],
    doubtful: list[Match],
) -> None:
    """Open a review for each doubtful value, on a document of the HITL's labeling session."""
    pages = max(entry.page for entry in matches) + 1
    lines = [
        [f"{entry.label}: {entry.value}" for entry in matches if entry.page == page] for page in range(pages)
    ]
    text = state.add_text(
        project.id, "\f".join("\n".join(page) for page in lines), {"file_name": file.file_name}
    )
    sessions = (entry.ls_annotation_id for entry in state.reviews.values() if entry.hitl_id == hitl.id)
    session = next((state.sessions[number] for number in sessions if number in state.sessions), None)
    if session is None:
        session = add_session(state, user, project, f"{hitl.name} (reviews)")
    session.document_ids.append(text.id)
    if session.status == "FINISHED":
        session.status, session.finished = "ANNOTATING", None
    task_id = state.next_id("task")
    state.tasks[task_id] = Task(
        task_id, project.id, f"Extraction of {file.file_name}", "FINISHED", text.created
    )
    for entry in doubtful:
        number = state.next_id("review")
        state.reviews[number] = HitlReview(
            number,
            hitl.id,
            task_id,
            text.id,
            file.file_name,
            entry.page,
            entry.label,
            hitl.labels[entry.label],
            text.created,
            text.created,
            user_id=hitl.assigned_user_id,
            ls_annotation_id=session.id,
            value=entry.value,
            confidence=round(100 * entry.confidence),
        )
