"""What the Studio handlers read out of a call: the body's fields, paging, details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from ..service import Call, Refusal, UploadedFile

__all__ = ["Window", "details_of", "fields", "flag", "items", "number_of", "uploaded", "words_of"]

ItemT = TypeVar("ItemT")

MAX_ROWS = 1000


@dataclass(frozen=True)
class Window:
    """The part of a list that a caller asks for."""

    offset: int
    limit: int

    @classmethod
    def of(cls, call: Call, usual: int = 100) -> Window:
        offset = int(call.query.get("offset", 0))
        limit = int(call.query.get("limit", usual))
        if offset < 0:
            raise Refusal(400, "invalid_request", "offset must not be negative.")
        if not 1 <= limit <= MAX_ROWS:
            raise Refusal(400, "invalid_request", f"limit must be from 1 to {MAX_ROWS}.")
        return cls(offset, limit)

    def cut(self, rows: Sequence[ItemT]) -> list[ItemT]:
        return list(rows[self.offset : self.offset + self.limit])

    def envelope(self, name: str, rows: Sequence[Any], total: int) -> dict[str, Any]:
        """The rows of this window as the service wraps them; `count` is how many there are here."""
        return {
            name: list(rows),
            "has_more": self.offset + len(rows) < total,
            "offset": self.offset,
            "limit": self.limit,
            "count": len(rows),
        }


def fields(call: Call) -> dict[str, Any]:
    """The keys of the body; a call without a body has none."""
    body: object = call.body
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def items(call: Call) -> list[dict[str, Any]]:
    """The objects of a body that is a JSON array."""
    body: object = call.body
    return cast("list[dict[str, Any]]", body) if isinstance(body, list) else []


def details_of(call: Call) -> frozenset[str]:
    """Which of segments, meta and tags to show; tags stand in segments, so they bring those along."""
    wanted = set(words_of(call.query.get("details")))
    if "tags" in wanted:
        wanted.add("segments")
    return frozenset(wanted)


def words_of(value: Any) -> list[str]:
    """A list of words, whether it came as one or comma-separated."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(part) for part in cast("list[Any]", value)]


def flag(value: Any, usual: bool = False) -> bool:
    """A yes or no that may come as text from a form."""
    if value is None:
        return usual
    return value if isinstance(value, bool) else str(value).strip().casefold() in ("true", "1", "yes")


def number_of(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def uploaded(call: Call) -> UploadedFile:
    """The file of a multipart body."""
    file = call.files.get("file")
    if file is None:
        raise Refusal(400, "invalid_request", "A file is needed.")
    if not file.content:
        raise Refusal(400, "invalid_request", f"The file {file.file_name} is empty.")
    return file
