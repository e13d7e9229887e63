"""For every write that can be undone: arguments to try it with on the sandbox, and what shows its effect."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from docreview_mcp.schemas import load_operations
from mcp import Client

__all__ = ["SCENARIOS", "Scenario", "Trial", "Use", "comparable", "using"]

Use = Callable[..., Awaitable[dict[str, Any]]]
"""Calls an operation by its id with arguments, and gives the structured answer."""


@dataclass(frozen=True)
class Trial:
    """A write to try. Undone, all that `watched` reads (operation id, arguments) is as it was.

    Keys in `apart` may differ: new ids, times, and what the operation's record says that undoing leaves.
    `gone` is a reading operation and the argument that takes the `id` of the write's answer: it finds nothing
    any more, for things that no list shows.
    """

    arguments: dict[str, Any]
    watched: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    apart: tuple[str, ...] = ()
    gone: tuple[str, str] | None = None


Scenario = Callable[[Use], Awaitable[Trial]]

ALWAYS_APART = frozenset({"updated_at", "updated", "is_moderated", "signed_urls", "docreview"})
HOTELS, FEEDBACK, OTHER_WORKSPACE = 1, 4, 2
IN_HOTELS, IN_URGENCY, IN_WORKSPACE = {"project_id": HOTELS}, {"project_id": 3}, {"organization_id": 1}
THIS_HITL = {"project_id": 5, "hitl_id": 1}
FILE = {"file_base64": base64.b64encode(b"%PDF-1.4 a small file").decode(), "file_name": "small.pdf"}


def csv(text: str) -> dict[str, str]:
    """File arguments for a table."""
    return {"file_base64": base64.b64encode(text.encode()).decode(), "file_name": "table.csv"}


def using(client: Client) -> Use:
    """Calls by operation id, which have to succeed."""

    async def use(operation_id: str, /, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(load_operations()[operation_id].tool, arguments)
        assert not result.is_error, (operation_id, result.structured_content)
        return result.structured_content or {}

    return use


def comparable(value: Any, apart: tuple[str, ...]) -> Any:
    """A copy without the keys that may differ, lists of objects in an order of their own."""
    if isinstance(value, dict):
        left_out = ALWAYS_APART.union(apart)
        return {key: comparable(entry, apart) for key, entry in value.items() if key not in left_out}
    if isinstance(value, list):
        entries = [comparable(entry, apart) for entry in value]
        return sorted(entries, key=repr) if any(isinstance(entry, dict) for entry in entries) else entries
    return value


_DOCUMENTS: list[dict[str, Any]] = []


async def documents(use: Use) -> list[dict[str, Any]]:
    """All documents of all workflows of a new sandbox, with their `workflow_id`: each has the same."""
    if _DOCUMENTS:
        return _DOCUMENTS
    found: list[dict[str, Any]] = []
    for workflow in (await use("listWorkflows"))["workflows"]:
        listed = await use("listDocuments", workflow_id=workflow["id"], limit=100)
        found += [{**document, "workflow_id": workflow["id"]} for document in listed["documents"]]
    _DOCUMENTS.extend(found)
    return found


async def place_of(use: Use, name: str = "invoice-003.pdf") -> dict[str, str]:
    """The ids of a document's first page."""
    chosen = next(each for each in await documents(use) if each["original_document_name"] == name)
    place = {key: chosen[key] for key in ("workflow_id", "document_id")}
    return {**place, "page_id": (await use("getDocument", **place))["pages"][0]["page_id"]}


def on_page(operation_id: str, /, *, apart: str = "", **given: Any) -> tuple[str, Scenario]:
    """A write on the first page of an invoice; ids of a value, a table or a cell are those of the first."""

    async def prepare(use: Use) -> Trial:
        place = await place_of(use)
        data = (await use("getPageData", **place))["data"]
        table = data["tables"][0]
        value = data["fields"]["total_amount"][0]
        ids = {
            "field_data_id": value["field_data_id"],
            "table_id": table["table_id"],
            "cell_id": table["cells"][0]["cell_id"],
        }
        chosen = {key: ids[key] for key, wanted in given.items() if wanted is ...}
        return Trial({**place, **given, **chosen}, [("getPageData", place)], tuple(apart.split(",")))

    return operation_id, prepare


def on_workflow(operation_id: str, /, *, apart: str = "", **given: Any) -> tuple[str, Scenario]:
    """A write on the configuration of the first workflow; `field_id` is that of a table header."""

    async def prepare(use: Use) -> Trial:
        workflow = (await use("listWorkflows"))["workflows"][0]
        part = {"field_id": workflow["table_headers"][1]["id"]} if "field_id" in given else {}
        place = {"workflow_id": workflow["id"]}
        return Trial({**place, **given, **part}, [("getWorkflow", place)], tuple(apart.split(",")))

    return operation_id, prepare


def on_files(operation_id: str, /, **given: Any) -> tuple[str, Scenario]:
    """A write that takes in files: afterwards there are as many documents as before."""

    async def prepare(use: Use) -> Trial:
        workflow_id = (await place_of(use))["workflow_id"]
        name = "workflow_id" if operation_id == "uploadDocument" else "model_id"
        return Trial(
            {name: workflow_id, **given}, [("listDocuments", {"workflow_id": workflow_id, "limit": 100})]
        )

    return operation_id, prepare


def on_stage(operation_id: str, stage: str) -> tuple[str, Scenario]:
    """A write on a file that is in a stage of its review."""

    async def prepare(use: Use) -> Trial:
        chosen = next(each for each in await documents(use) if each["verification_stage"] == stage)
        file = {"model_id": chosen["workflow_id"], "request_file_id": chosen["document_id"]}
        changed = ("verified_at", "verified_by", "export_status")
        return Trial(file, [("getPredictionFileByFileId", file)], changed)

    return operation_id, prepare


async def assign_files(use: Use) -> Trial:
    """Two files of one model that somebody else is assigned to."""
    every = [each for each in await documents(use) if each["assigned_reviewers"]]
    open_ones = [each for each in every if each["verification_stage"] != "rejected"]
    model_id = open_ones[0]["workflow_id"]
    chosen = [each["document_id"] for each in open_ones if each["workflow_id"] == model_id][:2]
    watched = [
        ("getPredictionFileByFileId", {"model_id": model_id, "request_file_id": each}) for each in chosen
    ]
    return Trial({"model_id": model_id, "member": "new@norwick.example", "file_ids": chosen}, watched)


def plain(
    operation_id: str, read: str, asked: dict[str, Any], /, *, apart: str = "", gone: str = "", **given: Any
) -> tuple[str, Scenario]:
    """A write whose arguments are known; those that the read takes as well come from `asked`."""

    async def prepare(use: Use) -> Trial:
        shared = {key: value for key, value in asked.items() if key.endswith("_id")}
        found = tuple(gone.split(".")) if gone else None
        return Trial(
            {**shared, **given},
            [(read, asked)],
            tuple(apart.split(",")),
            (found[0], found[1]) if found else None,
        )

    return operation_id, prepare


def on_label(operation_id: str, by: str) -> tuple[str, Scenario]:
    """A label is renamed, and with it the tags that name it."""

    async def prepare(use: Use) -> Trial:
        label = (await use("listLabels", **IN_URGENCY))["items"][0]
        chosen = {"label_id": label["id"], "name": "Now"} if by == "id" else {"name": label["name"]}
        new = {} if by == "id" else {"body_name": "Now"}
        tags = ("listProjectTags", {**IN_URGENCY, "limit": 1000})
        return Trial({**IN_URGENCY, **chosen, **new}, [("listLabels", IN_URGENCY), tags])

    return operation_id, prepare


async def tagged_segments(use: Use, read: str, place: dict[str, Any]) -> list[dict[str, Any]]:
    """The segments of a session that have tags, with the ids that lead to them."""
    session = await use(read, **place, details=["segments", "tags"], limit=1000)
    return [
        {**place, "document_id": document["id"], "segment_id": segment["id"], "tags": segment["tags"]}
        for document in session["documents"]
        for segment in document["segments"]
        if segment["tags"]
    ]


def other_label(tags: list[dict[str, Any]]) -> str:
    """A label that the first tag does not have and with which no tag comes twice."""
    taken = {each["label"] for each in tags if each["class"] == tags[0]["class"]}
    return next(label for label in ("POS", "NEG", "NEU") if label not in taken)


def on_tag(operation_id: str, /, *, apart: str = "", **given: Any) -> tuple[str, Scenario]:
    """A write on a tag of a labeling or correction session; `label` is another one than now."""

    async def prepare(use: Use) -> Trial:
        if "Correction" in operation_id:
            session = next(
                each["id"]
                for each in (await use("listCorrections", project_id=HOTELS))["items"]
                if each["status"] == "ANNOTATING"
            )
            place = {"project_id": HOTELS, "correction_id": session}
            read = "listCorrectionDocuments"
        else:
            place = {"project_id": HOTELS, "annotation_id": 102}
            read = "listLabelingDocuments"
        segments = await tagged_segments(use, read, place)
        waiting = [each for each in segments if each["tags"][0].get("status") != "READY"]
        chosen = waiting[0]
        tags = chosen.pop("tags")
        arguments = {**chosen, **given}
        if "tag_id" in given:
            arguments["tag_id"] = tags[0]["id"]
        if "label" in given:
            arguments |= {"class": tags[0]["class"], "label": other_label(tags)}
        watched = (read, {**place, "details": ["segments", "tags"], "limit": 1000})
        return Trial(arguments, [watched], tuple(apart.split(",")))

    return operation_id, prepare


async def project_tag(use: Use) -> Trial:
    """The label of a tag of a project, wherever it is."""
    segments = await tagged_segments(
        use, "listLabelingDocuments", {"project_id": HOTELS, "annotation_id": 101}
    )
    tags = segments[0]["tags"]
    arguments = {"project_id": HOTELS, "tag_id": tags[0]["id"], "label": other_label(tags)}
    return Trial(arguments, [("listProjectTags", {"project_id": HOTELS, "limit": 1000})])


async def unstar(use: Use) -> Trial:
    """A model that is a favourite already."""
    await use("starModel", model_id=11)
    return Trial({"model_id": 11}, [("listModels", {"starred": True})])


VERIFIED = {"verification_status": "verified", "verification_message": "seen"}
CELL = {"row": 40, "col": 0, "header": "description", "text": "by hand", "bbox": [1, 2, 3, 4]}
MODEL_NEWS = {"display_name": "Another name", "status": "ACTIVE", "short_description": "For tests"}
RUNNING = "progress,status,score,finished,description,models"
"""What work that is under way in the sandbox changes by itself."""

SCENARIOS: dict[str, Scenario] = dict(
    [
        on_files("uploadDocument", **FILE),
        on_files("predictFile", **FILE),
        on_files("predictUrls", urls=["https://files.example/a.pdf", "https://files.example/b.pdf"]),
        on_page("addFieldValue", field_name="notes", value="by hand", bbox=[1, 2, 3, 4]),
        on_page("updateFieldValue", field_data_id=..., value="77.00"),
        on_page("deleteFieldValue", field_data_id=..., apart="field_data_id"),
        on_page("verifyField", field_data_id=..., **VERIFIED),
        on_page("addTable", bbox=[1, 2, 3, 4], headers=["notes"], cells=[CELL]),
        on_page("deleteTable", table_id=..., apart="table_id,cell_id"),
        on_page("addTableCell", table_id=..., **{**CELL, "col": 9}),
        on_page("updateTableCellValue", table_id=..., cell_id=..., value="another text"),
        on_page("deleteTableCell", table_id=..., cell_id=..., apart="cell_id"),
        on_page("verifyTableCell", table_id=..., cell_id=..., **VERIFIED),
        on_stage("verifyFile", "validation passed"),
        on_stage("unverifyFile", "approved"),
        ("assignFiles", assign_files),
        on_workflow("updateWorkflowMetadata", description="Another description"),
        on_workflow(
            "setWorkflowFields", fields=[{"name": "only"}], table_headers=[{"name": "one"}], apart="id"
        ),
        on_workflow("updateWorkflowField", field_id=..., name="renamed"),
        on_workflow("deleteWorkflowField", field_id=..., apart="id"),
        on_workflow("updateWorkflowSettings", table_capture=False),
        plain(
            "createBatchAnalysis",
            "listAnalyses",
            {"limit": 1000},
            documents=[{"text": "Great coffee."}],
            model_id=11,
            apart=RUNNING,
        ),
        plain("updateAnalysis", "getAnalysis", {"analysis_id": 31}, name="Another name"),
        plain("addClass", "listClasses", IN_HOTELS, name="Spa", description="Spa and sauna"),
        plain("addClasses", "listClasses", IN_HOTELS, classes=[{"name": "Spa"}, {"name": "Garden"}]),
        plain("uploadClassesFile", "listClasses", IN_HOTELS, **csv("name,example\nSpa,Nice\nGarden,Green\n")),
        plain("updateClass", "getClass", {"project_id": HOTELS, "class_id": 1}, name="Rooms", example=""),
        plain("addLabel", "listLabels", IN_URGENCY, name="VIP"),
        plain("uploadLabelsFile", "listLabels", IN_URGENCY, **csv("name\nVIP\nOther\n")),
        on_label("updateLabelById", "id"),
        on_label("updateLabelByName", "name"),
        plain("createCorrection", "listCorrections", IN_HOTELS, model_id=11, sample_size=3),
        on_tag("addCorrectionTag", label=...),
        on_tag("updateCorrectionTag", tag_id=..., label=...),
        on_tag("deleteCorrectionTag", tag_id=..., apart="id,status"),
        on_tag("confirmCorrectionTag", tag_id=..., status="READY"),
        plain(
            "createDocument", "listProjectDocuments", {"project_id": HOTELS, "limit": 1000}, text="A new one."
        ),
        plain(
            "updateDocument", "getProjectDocument", {"project_id": HOTELS, "document_id": 18000}, text="New."
        ),
        plain(
            "createGroup", "listGroups", IN_HOTELS, name="New", documents=[{"text": "One."}, {"text": "Two."}]
        ),
        plain("updateGroup", "getGroup", {"project_id": HOTELS, "group_id": 18}, name="Another name"),
        plain("updateHitl", "getHitl", THIS_HITL, name="Another name", is_live=False),
        plain("assignHitl", "getHitl", THIS_HITL, assigned_user_id=2),
        plain("createLabelingSession", "listLabelingSessions", IN_HOTELS, name="New"),
        plain(
            "uploadLabelingFile",
            "listLabelingSessions",
            IN_HOTELS,
            **csv("text,aspect,label\nThe bed was bad,Room,NEG\n"),
        ),
        plain(
            "connectLabelingSource", "listLabelingSessions", IN_HOTELS, credential_id=1, source="hotel-forms"
        ),
        plain(
            "updateLabelingSession",
            "getLabelingSession",
            {"project_id": HOTELS, "annotation_id": 103},
            name="Another name",
            classes=["Room"],
        ),
        on_tag("addLabelingTag", label=...),
        on_tag("updateLabelingTag", tag_id=..., label=...),
        on_tag("deleteLabelingTag", tag_id=..., apart="id"),
        ("updateProjectTag", project_tag),
        plain(
            "uploadModel", "listModels", {"limit": 1000}, apart=RUNNING, display_name="A packed one", **FILE
        ),
        plain(
            "trainModel",
            "listProjectModels",
            IN_HOTELS,
            apart=RUNNING,
            display_name="Next",
            annotation_ids=[101],
        ),
        plain("updateProjectModel", "getModel", {"model_id": 10}, project_id=HOTELS, **MODEL_NEWS),
        plain("updateModel", "getModel", {"model_id": 10}, **MODEL_NEWS),
        plain("starModel", "listModels", {"starred": True}, model_id=11),
        ("unstarModel", unstar),
        plain("updateNotification", "getNotification", {"notification_id": 121}, read="2026-11-16T09:00:00Z"),
        plain("createProject", "listProjects", {}, apart=RUNNING, name="New", type="CLASS"),
        plain("cloneProject", "listProjects", {}, apart=RUNNING, project_id=FEEDBACK),
        plain("updateProject", "getProject", IN_HOTELS, apart=RUNNING, name="Another name"),
        plain("updateUser", "getUser", {"user_id": 2}, first_name="Jona", email="jona@alpenblick.example"),
        plain("updateUserPermissions", "getUserPermissions", {"user_id": 2}, is_betauser=True),
        plain("addProductKey", "listProductKeys", {"user_id": 1}),
        plain("createWorkspace", "getAuthStatus", {}, gone="getWorkspace.organization_id", name="New"),
        plain(
            "inviteUsers",
            "listInvitations",
            IN_WORKSPACE,
            role="VIEWER",
            emails=["one@new.example", "two@new.example"],
        ),
        plain("updateUserRole", "listWorkspacePermissions", IN_WORKSPACE, permission_id=3, role="VIEWER"),
        plain("addWorkspaceUser", "listWorkspacePermissions", IN_WORKSPACE, role="USER", user_id=4),
        plain("removeWorkspaceUser", "listWorkspacePermissions", IN_WORKSPACE, apart="id", permission_id=3),
        plain("setDefaultWorkspace", "getAuthStatus", {}, organization_id=OTHER_WORKSPACE, default=True),
        plain("updateWorkspace", "getWorkspace", IN_WORKSPACE, name="Other", description=""),
        plain(
            "cancelInvitation",
            "listInvitations",
            IN_WORKSPACE,
            apart="id,created,invited_by_id,invitation_link",
            invitation_id=1,
        ),
    ]
)
"""Operation id → what to try."""
