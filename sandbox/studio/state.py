"""The state of the Studio sandbox: everything it stores, its clock, its accounts and its lookups."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from ..beginning import STARTED_AT
from ..service import Refusal
from .analysis import sentence_spans
from .records import (
    Analysis,
    Group,
    Hitl,
    HitlReview,
    Invitation,
    LabelingSession,
    Model,
    Notification,
    Permission,
    ProductKey,
    Project,
    Segment,
    StoredFile,
    Tag,
    Task,
    Text,
    User,
    Work,
    Workspace,
)

__all__ = ["SANDBOX_PASSWORD", "StudioState"]

SANDBOX_PASSWORD = "sandbox-password"
"""Signs in as any user of the sandbox's own data."""

TOKEN_LIFE = timedelta(days=14)
"""How long the token in the service's own sample lasts; the documents state no figure."""

RecordT = TypeVar("RecordT")


@lru_cache(maxsize=2048)
def _days_before_the_start(days: float) -> str:
    return (STARTED_AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


class StudioState:
    """All that one sandbox knows, empty at first (see `studio_data.furnished_studio`).

    `work_seconds` is how long a training or a batch analysis takes.
    """

    def __init__(
        self, seed: int = 0, clock: Callable[[], float] = time.monotonic, work_seconds: float = 2.0
    ) -> None:
        self.random = random.Random(seed)
        self.clock = clock
        self.work_seconds = work_seconds
        self.started = clock()
        self.token_secret = self.random.randbytes(32).hex()
        self.workspaces: dict[int, Workspace] = {}
        self.users: dict[int, User] = {}
        self.permissions: dict[int, Permission] = {}
        self.invitations: dict[int, Invitation] = {}
        self.projects: dict[int, Project] = {}
        self.texts: dict[int, Text] = {}
        self.groups: dict[int, Group] = {}
        self.sessions: dict[int, LabelingSession] = {}
        self.models: dict[int, Model] = {}
        self.analyses: dict[int, Analysis] = {}
        self.hitls: dict[int, Hitl] = {}
        self.reviews: dict[int, HitlReview] = {}
        self.tasks: dict[int, Task] = {}
        self.notifications: dict[int, Notification] = {}
        self.keys: dict[int, ProductKey] = {}
        self.files: dict[str, StoredFile] = {}
        self.mail: dict[str, str] = {}
        """One-time token → e-mail address, for what the service would have sent by e-mail."""
        self.departed: set[str] = set()
        """E-mail addresses of deleted accounts: their tokens are worth nothing any more."""
        self.works: list[Work] = []
        self.last_ids: dict[str, int] = {}

    @property
    def demo_user(self) -> User:
        """Who signs in with an address that nobody has."""
        return self.users[1]

    def next_id(self, kind: str, first: int = 1) -> int:
        """The next free id of one kind of thing."""
        number = self.last_ids.get(kind, first - 1) + 1
        self.last_ids[kind] = number
        return number

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_secret(self) -> str:
        return self.random.randbytes(16).hex()

    def moment(self, clock_value: float | None = None) -> str:
        """A reading of the clock (default: now) as the service writes times."""
        elapsed = (self.clock() if clock_value is None else clock_value) - self.started
        return (STARTED_AT + timedelta(seconds=elapsed)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def days_ago(self, days: float) -> str:
        return _days_before_the_start(days)

    def begin(self, finish: Callable[[], None], times: float = 1.0) -> Work:
        """Start something that is done after `times` the usual time; `settle` calls `finish` then."""
        work = Work(self.clock(), self.work_seconds * times, finish)
        self.works.append(work)
        return work

    def settle(self) -> None:
        """Finish, in the order in which it fell due, all work whose time has come."""
        now = self.clock()
        due = sorted((work for work in self.works if work.due <= now), key=lambda work: work.due)
        self.works = [work for work in self.works if work.due > now]
        for work in due:
            work.finish()

    def notify(self, user_id: int, title: str, text: str, *, kind: str = "INFO", when: str = "") -> None:
        number = self.next_id("notification", 120)
        created = when or self.moment()
        self.notifications[number] = Notification(number, user_id, title, text, created, kind)

    def add_text(
        self,
        project_id: int | None,
        text: str,
        meta: dict[str, Any] | None = None,
        *,
        split: bool = True,
        created: str = "",
    ) -> Text:
        """Store a document, cut into segments. An `id` in `meta` becomes its id if that is free."""
        meta = dict(meta or {})
        number = meta.get("id")
        if isinstance(number, int) and number > 0 and number not in self.texts:
            del meta["id"]
        else:
            number = self.next_id("document", 18000)
            while number in self.texts:
                number = self.next_id("document")
        stored = Text(number, project_id, text, created or self.moment(), meta=meta)
        self.cut(stored, split)
        self.texts[number] = stored
        return stored

    def cut(self, stored: Text, split: bool = True) -> None:
        """Cut a document into new segments."""
        stored.segments = [
            Segment(self.next_id("segment", 3010), stored.text[start:end], (start, end))
            for start, end in sentence_spans(stored.text, split)
        ]

    def new_tag(self, class_name: str | None, label: str | None, status: str | None = None) -> Tag:
        return Tag(self.next_id("tag", 50000), class_name, label, status=status)

    def make_token(self, email: str, user_id: int) -> str:
        """A JWT as the service gives one: `sub` is the user's id, a number, as in the documented sample."""
        import jwt

        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "sub": user_id,
            "iat": now,
            "exp": now + TOKEN_LIFE,
            "iss": "deepopinion.ai",
        }
        return jwt.encode({**claims, "email": email}, self.token_secret, algorithm="HS256")

    def login(self, email: str, password: str) -> User:
        """The user of an e-mail address and password; an unknown address signs in as the demo user."""
        if not password:
            raise Refusal(401, "unauthorized", "A password is needed.")
        known = self.find_user(email)
        if known is None:
            return self.demo_user
        if password not in (known.password, SANDBOX_PASSWORD):
            raise Refusal(401, "unauthorized", "Wrong e-mail address or password.")
        return known

    def find_user(self, email: str) -> User | None:
        wanted = email.strip().casefold()
        return next((user for user in self.users.values() if user.email.casefold() == wanted), None)

    def user(self, email: str) -> User:
        """The signed-in user of an e-mail address; the demo user stands in for an unknown one."""
        known = self.find_user(email)
        if known is not None:
            return known
        if email.strip().casefold() in self.departed:
            raise Refusal(401, "unauthorized", "This account was deleted.")
        return self.demo_user

    def workspace(self, workspace_id: int) -> Workspace:
        found = self.look_up(self.workspaces, workspace_id, "workspace")
        if not found.active:
            raise Refusal(404, "not_found", f"There is no workspace {workspace_id}.")
        return found

    def project(self, project_id: int) -> Project:
        """A project that can be reached: one of a deactivated workspace cannot."""
        found = self.look_up(self.projects, project_id, "project")
        if not self.workspaces[found.workspace_id].active:
            raise Refusal(404, "not_found", f"There is no project {project_id}.")
        return found

    def text(self, project: Project, document_id: int) -> Text:
        found = self.look_up(self.texts, document_id, "document")
        if found.project_id != project.id:
            raise Refusal(404, "not_found", f"There is no document {document_id} in project {project.id}.")
        return found

    def texts_of(self, project: Project) -> list[Text]:
        return [text for text in self.texts.values() if text.project_id == project.id]

    def group(self, project: Project, group_id: int) -> Group:
        found = self.groups.get(group_id)
        if found is None or found.project_id != project.id:
            raise Refusal(404, "not_found", f"There is no group {group_id} in project {project.id}.")
        return found

    def session(self, project: Project, session_id: int, mode: str | None = None) -> LabelingSession:
        found = self.sessions.get(session_id)
        if found is None or found.project_id != project.id or (mode and found.mode != mode):
            kind = "correction" if mode == "CORRECTION" else "labeling"
            raise Refusal(
                404, "not_found", f"There is no {kind} session {session_id} in project {project.id}."
            )
        return found

    def model(self, model_id: int) -> Model:
        found = self.look_up(self.models, model_id, "model")
        if found.project_id is not None:
            self.project(found.project_id)
        return found

    def models_of(self, project: Project) -> list[Model]:
        return [model for model in self.models.values() if model.project_id == project.id]

    def hitl(self, project: Project, hitl_id: int) -> Hitl:
        found = self.hitls.get(hitl_id)
        if found is None or found.project_id != project.id:
            raise Refusal(404, "not_found", f"There is no HITL {hitl_id} in project {project.id}.")
        return found

    def file(self, file_id: str) -> StoredFile:
        found = self.files.get(str(file_id))
        if found is None:
            raise Refusal(404, "not_found", f"There is no uploaded file {file_id}. Upload it first.")
        return found

    @staticmethod
    def look_up(table: dict[int, RecordT], number: int, kind: str) -> RecordT:
        """The record of an id, or the service's 404."""
        found = table.get(number)
        if found is None:
            raise Refusal(404, "not_found", f"There is no {kind} {number}.")
        return found
