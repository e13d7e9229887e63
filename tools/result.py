"""A service's answer → the structured result of a tool: an object, without secrets or base64 pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from ..schemas import JsonObject, JsonValue, Operation
from .depth import is_deep, may_be_deep, without_depth
from .drift import differences
from .failure import Done, ToolFailure
from .pictures import Picture, may_hold_pictures, mime_type_of, picture_of, without_pictures
from .response import Response
from .secrets import (
    masked,
    may_hold_secret_properties,
    without_secret_properties,
    without_secret_text,
    without_secrets,
)
from .size import compact, fit

__all__ = ["Attachment", "SaveDownload", "ToolResult", "shape"]


_MOST_NAME_BYTES = 150


@dataclass(frozen=True, slots=True)
class Attachment:
    """A downloaded file that travels in the result itself, because the server may not save files."""

    file_name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answers: one object, given to the host as structure and as the same JSON in text."""

    structured: JsonObject
    text: str
    pictures: tuple[Picture, ...] = ()
    attachment: Attachment | None = None
    meta: JsonObject = field(default_factory=dict[str, JsonValue])
    is_error: bool = False


class SaveDownload(Protocol):
    """Stores a downloaded file where the user can open it, or refuses."""

    def __call__(self, file_name: str, content: bytes) -> str | None:
        """The path of the saved file; None where files may not be saved here."""
        ...


def shape(
    operation: Operation,
    values: JsonObject,
    response: Response,
    *,
    limit: int,
    secrets: Sequence[str],
    save: SaveDownload,
) -> ToolResult:
    """The result for a successful answer.

    `limit` is the most characters of JSON. `secrets` are values that are never shown.

    Raises:
        ToolFailure: the body is not what its content type says.
    """
    if operation.download and response.content and response.content_type != "application/json":
        return _download(operation, response, limit, secrets, save)
    body = _parse(operation, response)
    meta: JsonObject = {}
    differing = differences(operation, body)
    if differing:
        meta["docreview/differs_from_document"] = cast("JsonValue", differing)
    answer: JsonValue = _wrapped(body, response.status)
    text = compact(answer)
    pictures: list[Picture] = []
    if may_hold_secret_properties(operation.service, text):
        answer = without_secret_properties(operation.service, answer)
    answer = masked(answer, text, secrets)
    if may_hold_pictures(text):
        answer, pictures = without_pictures(answer)
    text = compact(answer)
    if len(text) > limit:
        answer = fit(operation, values, cast("JsonObject", answer), limit)
        text = compact(answer)
    return ToolResult(cast("JsonObject", answer), text, tuple(pictures), meta=meta)


def _parse(operation: Operation, response: Response) -> JsonValue:
    """The body as JSON that every host can read: whole characters, finite numbers, not too deep."""
    if not response.content.strip():
        return None
    text = response.text
    try:
        value = cast("JsonValue", json.loads(text, parse_constant=_no_number))
    except RecursionError:
        return {"text": without_secret_text(operation.service, text)}
    except ValueError:
        if response.content_type.startswith("text/"):
            return {"text": without_secret_text(operation.service, text)}
        raise _unreadable(operation, response) from None
    if may_be_deep(text) and is_deep(value):
        value = without_depth(value)
    return _whole_characters(value) if "\\ud" in text or "\\uD" in text else value


def _whole_characters(value: JsonValue) -> JsonValue:
    """A copy in which half characters (lone surrogates), which no transport can carry, are question marks."""
    return cast("JsonValue", json.loads(compact(value).encode("utf-8", "replace")))


def _no_number(_: str) -> None:
    """NaN and the infinities are no JSON; null says that there is no number."""


def _unreadable(operation: Operation, response: Response) -> ToolFailure:
    done: Done = "no" if operation.effect == "read" else "yes"
    return ToolFailure(
        "upstream_error",
        f"{operation.tool}: the service answered {response.status} with unreadable JSON.",
        status=response.status,
        retryable=operation.effect == "read",
        done=done,
        happened="" if done == "no" else "It reported success, so the change was most likely made.",
        next_step="Call again."
        if done == "no"
        else "Read the item to see its present state; do not repeat the call.",
    )


def _wrapped(answer: JsonValue, status: int) -> JsonObject:
    if answer is None:
        return {"ok": True, "status": status}
    if isinstance(answer, list):
        return {"items": answer}
    return answer if isinstance(answer, dict) else {"value": answer}


def _download(
    operation: Operation, response: Response, limit: int, secrets: Sequence[str], save: SaveDownload
) -> ToolResult:
    name = without_secrets(_file_name(operation, response), secrets)
    kind = response.content_type or "application/octet-stream"
    about: JsonObject = {"file_name": name, "content_type": kind, "bytes": len(response.content)}
    shown_as = mime_type_of(response.content)
    if shown_as:
        return ToolResult(about, compact(about), (picture_of(response.content, shown_as),))
    if kind.startswith("text/") and len(response.content) <= limit:
        whole: JsonObject = {"text": response.text, **about}
        whole = cast("JsonObject", masked(whole, compact(whole), secrets))
        return ToolResult(whole, compact(whole))
    path = save(name, response.content)
    if path is not None:
        saved: JsonObject = {"path": path, **about}
        return ToolResult(saved, compact(saved))
    return ToolResult(about, compact(about), attachment=Attachment(name, kind, response.content))


def _file_name(operation: Operation, response: Response) -> str:
    """The last part of the name that the service gives, short enough for any file system."""
    from email.message import Message
    from mimetypes import guess_extension
    from pathlib import PurePath

    header = Message()
    header["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = (header.get_filename() or "").replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
    printable = PurePath("".join(character for character in last if character.isprintable()))
    if not printable.name:
        return f"{operation.id}{guess_extension(response.content_type) or ''}"
    stem = printable.stem.encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    return f"{stem}{printable.suffix[:20]}"
