"""The things that Studio keeps, one dataclass each.

Times are ISO 8601 strings in UTC, ids are integers. A record that is being worked on (a model in training,
a running analysis) carries the `Work` that will finish it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ABSA_LABELS",
    "Analysis",
    "ClassDefinition",
    "Group",
    "Hitl",
    "HitlReview",
    "Invitation",
    "Label",
    "LabelingSession",
    "Model",
    "Notification",
    "Permission",
    "ProductKey",
    "Project",
    "Segment",
    "StoredFile",
    "Table",
    "Tag",
    "Task",
    "Text",
    "User",
    "Work",
    "Workspace",
]

ABSA_LABELS = ("POS", "NEG", "NEU")
"""The labels of every ABSA project; they are part of the type and cannot be added to or deleted."""


@dataclass
class Work:
    """Something that takes time: it is done `seconds` after `started`, and then `finish` runs once."""

    started: float
    seconds: float
    finish: Callable[[], None]

    @property
    def due(self) -> float:
        return self.started + self.seconds

    def share(self, now: float) -> float:
        """How much is done, from 0 to 1."""
        if self.seconds <= 0:
            return 1.0
        return max(0.0, min(1.0, (now - self.started) / self.seconds))


@dataclass
class Workspace:
    """A workspace ("organization" in the paths); `active` is False once it was deactivated."""

    id: int
    name: str
    description: str
    created: str
    is_beta: bool = False
    is_read_only: bool = False
    active: bool = True


@dataclass
class User:
    id: int
    first_name: str
    last_name: str
    email: str
    password: str
    default_workspace_id: int = 0
    is_superuser: bool = False
    is_betauser: bool = False
    verified: bool = True
    starred_models: set[int] = field(default_factory=set[int])

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass
class Permission:
    """The membership of a user in a workspace, with the role."""

    id: int
    workspace_id: int
    user_id: int
    role: str


@dataclass
class Invitation:
    id: int
    workspace_id: int
    email: str
    role: str
    invited_by_id: int
    created: str
    token: str

    @property
    def link(self) -> str:
        return f"https://studio.deepopinion.ai/invitation?token={self.token}"


@dataclass
class ClassDefinition:
    id: int
    name: str
    example: str = ""
    description: str = ""


@dataclass
class Label:
    id: int
    name: str


@dataclass
class Project:
    id: int
    workspace_id: int
    name: str
    type: str
    created: str
    external_id: int
    classes: list[ClassDefinition] = field(default_factory=list[ClassDefinition])
    labels: list[Label] = field(default_factory=list[Label])
    status: str = "CREATED"

    @property
    def class_names(self) -> list[str]:
        return [entry.name for entry in self.classes]

    @property
    def label_names(self) -> list[str]:
        return [entry.name for entry in self.labels]


@dataclass
class Segment:
    """A part of a text: `text.text[start:end]` is the segment's text, always."""

    id: int
    text: str
    span: tuple[int, int]


@dataclass
class Tag:
    """A class, a label or both, on one segment."""

    id: int
    class_name: str | None = None
    label: str | None = None
    span: tuple[int, int] | None = None
    text: str | None = None
    status: str | None = None

    @property
    def meaning(self) -> tuple[str | None, str | None]:
        return (self.class_name, self.label)


@dataclass
class Text:
    """A document: its text, cut into segments, and the further attributes it was uploaded with."""

    id: int
    project_id: int | None
    text: str
    created: str
    segments: list[Segment] = field(default_factory=list[Segment])
    meta: dict[str, Any] = field(default_factory=dict[str, Any])

    def page_of(self, segment: Segment) -> int:
        """The page, from 0, that a segment stands on; a form feed begins a new page."""
        return self.text.count("\f", 0, segment.span[0])


@dataclass
class Group:
    """A group of documents."""

    id: int
    project_id: int
    name: str
    created: str
    source: str
    status: str = "CREATED"
    document_ids: list[int] = field(default_factory=list[int])


@dataclass
class LabelingSession:
    """A labeling session, or a correction session when `mode` is CORRECTION.

    `tags` maps a segment id to what people (or, in a correction, the model) put on it; `annotated` maps a
    segment id to the moment when somebody marked it as done. A correction keeps the model's own tags in
    `predicted`.
    """

    id: int
    uuid: str
    project_id: int
    user_id: int
    name: str
    created: str
    mode: str = "ANNOTATION"
    status: str = "CREATED"
    description: str = ""
    finished: str | None = None
    document_group_id: int | None = None
    model_id: int | None = None
    document_ids: list[int] = field(default_factory=list[int])
    classes: list[str] = field(default_factory=list[str])
    labels: list[str] = field(default_factory=list[str])
    tags: dict[int, list[Tag]] = field(default_factory=dict[int, list[Tag]])
    annotated: dict[int, str] = field(default_factory=dict[int, str])
    predicted: dict[int, set[tuple[str | None, str | None]]] = field(
        default_factory=dict[int, set[tuple[str | None, str | None]]]
    )
    source_file: str | None = None


@dataclass
class Model:
    """A model; one without a project is a public, pre-trained one."""

    id: int
    uuid: str
    project_id: int | None
    name: str
    display_name: str
    type: str
    language: str
    created: str
    owner: str
    base: str = ""
    short_description: str = ""
    long_description: str = ""
    status: str = "CREATED"
    score: float | None = None
    progress: float = 0.0
    collection_id: int | None = None
    classes: list[ClassDefinition] = field(default_factory=list[ClassDefinition])
    labels: list[Label] = field(default_factory=list[Label])
    metrics: dict[str, Any] = field(default_factory=dict[str, Any])
    work: Work | None = None

    @property
    def usable(self) -> bool:
        return self.status in ("READY", "ACTIVE", "PUBLISHED")


@dataclass
class Analysis:
    """A batch analysis; `tags` maps a segment id to what the model found there, once it is finished."""

    id: int
    uuid: str
    name: str
    model_id: int
    project_id: int | None
    user_id: int
    type: str
    created: str
    status: str = "CREATED"
    description: str = ""
    finished: str | None = None
    split: bool = True
    document_ids: list[int] = field(default_factory=list[int])
    tags: dict[int, list[Tag]] = field(default_factory=dict[int, list[Tag]])
    work: Work | None = None


@dataclass
class Hitl:
    """A human-in-the-loop step of a project: which confidence each extracted label must reach."""

    id: int
    project_id: int
    name: str
    description: str
    created: str
    updated: str
    assigned_user_id: int | None = None
    model_id: int | None = None
    is_live: bool = False
    webhook_url: str = ""
    labels: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class HitlReview:
    id: int
    hitl_id: int
    task_id: int
    document_id: int
    document_name: str
    page_num: int
    label: str
    confidence_threshold: int
    created: str
    updated: str
    user_id: int | None = None
    ls_annotation_id: int | None = None
    status: str = "PENDING"
    value: str = ""
    confidence: int = 0


@dataclass
class Task:
    """Work that the service did or does for a project: an upload, a clone, an extraction."""

    id: int
    project_id: int
    name: str
    status: str
    created: str
    work: Work | None = None


@dataclass
class Notification:
    id: int
    user_id: int
    title: str
    text: str
    created: str
    type: str = "INFO"
    read: str | None = None


@dataclass
class ProductKey:
    id: int
    user_id: int
    name: str
    token: str
    created: str


@dataclass(frozen=True)
class Table:
    """An uploaded file as rows. `header` is known for JSON and JSONL; elsewhere the first row may be one."""

    rows: list[list[str | None]]
    header: list[str] | None = None
    records: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file that waits for the call that uses its id."""

    id: str
    file_name: str
    table: Table
