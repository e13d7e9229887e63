"""A service's answer → the structured result of a tool: an object, without secrets or base64 pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, cast

from ...schemas import JsonObject, JsonValue, Operation
from ..json_text import compact
from ..redaction import (
    masked,
    may_hold_secret_properties,
    without_secret_properties,
    without_secrets,
)
from ..untrusted import (
    NOTE,
    may_hold_hidden,
    untrusted_note,
    with_notes,
    without_hidden,
    without_hidden_in,
    without_note,
)
from .answer import parse, wrapped
from .file_name import valid_everywhere
from .images import Picture, may_hold_pictures, mime_type_of, picture_of, without_pictures
from .picture_file import MAX_BYTES, Encoded, smaller
from .response import Response
from .schema_drift import differences
from .truncation import CUT_PLACES, fit
from .untrusted_paths import untrusted_paths

__all__ = ["CHARACTERS", "MAX_ATTACHED_BYTES", "Attachment", "SaveDownload", "ToolResult", "shape"]

MAX_ATTACHED_BYTES = 4 * 1024 * 1024
"""The most bytes of a file that travels in a result."""

CHARACTERS = "characters"
"""The key of the note that the characters of an answer are not certain."""

_MAX_NAME_BYTES = 150
_ANY_FILE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


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
    notes: JsonObject | None = None,
) -> ToolResult:
    """The result for a successful answer.

    `limit` is the most characters of JSON. `secrets` are values that are never shown. `notes` stand under
    `docreview`, beside those on untrusted text and on what was cut.

    Raises:
        ToolFailure: the body is not what its content type says.
    """
    if operation.download and response.content and not _is_json(response):
        return _download(operation, response, limit, secrets, save, notes)
    notes = _with_encoding(notes, response)
    body = parse(operation, response)
    meta: JsonObject = {}
    differing = differences(operation, body)
    if differing:
        meta["docreview/differs_from_document"] = cast("JsonValue", differing)
    answer: JsonValue = wrapped(body, response.status)
    text = compact(answer)
    removed = 0
    # Hidden characters go first: they could split a secret or its name, which would then not be found.
    if may_hold_hidden(text):
        answer, removed = without_hidden_in(answer)
        text = compact(answer)
    read = answer
    answer = without_note(cast("JsonObject", answer))
    pictures: list[Picture] = []
    if may_hold_secret_properties(operation.service, text):
        answer = without_secret_properties(operation.service, answer)
    answer = masked(answer, text, secrets)
    if may_hold_pictures(text):
        answer, pictures = without_pictures(answer, shown=operation.pictures)
    if answer is not read:
        text = compact(answer)
    structured, text = _noted(
        operation, values, cast("JsonObject", answer), text, removed, limit, notes or {}
    )
    return ToolResult(structured, text, tuple(pictures), meta=meta)


def _noted(
    operation: Operation,
    values: JsonObject,
    answer: JsonObject,
    text: str,
    removed: int,
    limit: int,
    notes: JsonObject,
) -> tuple[JsonObject, str]:
    """The answer, whose JSON is `text`, with all that is to be said of it in one key, within the limit."""
    note: JsonObject = {**untrusted_note(untrusted_paths(operation, answer), removed), **notes}
    needed = len(compact(note))
    if len(text) + needed > limit:
        answer, cut = fit(operation, values, answer, max(limit - needed, limit // 2))
        text = compact(answer)
        # A place is named by keys, which are text of others too.
        untrusted = [*untrusted_paths(operation, answer), CUT_PLACES]
        note = {**untrusted_note(untrusted, removed), "cut": cut, **notes}
    if not note:
        return answer, text
    comma = "," if answer else ""
    return {**answer, NOTE: note}, f'{text[:-1]}{comma}"{NOTE}":{compact(note)}}}'


def _download(
    operation: Operation,
    response: Response,
    limit: int,
    secrets: Sequence[str],
    save: SaveDownload,
    notes: JsonObject | None,
) -> ToolResult:
    name = _file_name(operation, response, secrets)
    kind = _media_type(response, secrets)
    about: JsonObject = {"file_name": name, "content_type": kind, "bytes": len(response.content)}

    def note(**more: JsonValue) -> JsonObject:
        names = ("text", "path", "file_name", *(() if kind in _known_media_types() else ("content_type",)))
        named = [each for each in names if each in more or each in about]
        return with_notes({**more, **about}, named, notes)

    shown_as = mime_type_of(response.content)
    if shown_as and len(response.content) <= MAX_BYTES:
        seen = note()
        return ToolResult(seen, compact(seen), (picture_of(response.content, shown_as),))
    if shown_as and (small := _smaller(response.content)) is not None:
        path = save(name, response.content)
        is_attached = path is None and len(response.content) <= MAX_ATTACHED_BYTES
        whole = "the whole file is " + (
            "saved" if path else "attached" if is_attached else "too large to attach"
        )
        how = f"scaled down to {small.size[0]} x {small.size[1]} pixels; {whole}"
        seen = note(**({"path": path} if path else {}), picture=how)
        attachment = Attachment(name, kind, response.content) if is_attached else None
        return ToolResult(
            seen, compact(seen), (picture_of(small.content, small.mime_type),), attachment=attachment
        )
    if response.content_type.startswith("text/") and len(response.content) <= limit:
        notes = _with_encoding(notes, response)
        whole = note(text=response.text)
        whole = cast("JsonObject", masked(whole, compact(whole), secrets))
        text = compact(whole)
        if len(text) <= limit:
            return ToolResult(whole, text)
    path = save(name, response.content)
    if path is not None:
        saved = note(path=path)
        return ToolResult(saved, compact(saved))
    seen = note()
    return ToolResult(seen, compact(seen), attachment=Attachment(name, kind, response.content))


def _media_type(response: Response, secrets: Sequence[str]) -> str:
    """The type of a file as its header tells it, if that is a media type and holds no secret."""
    kind, header = response.content_type, response.headers.get("content-type", "")
    is_sound = _MEDIA_TYPE.fullmatch(kind) and without_secrets(header, secrets) == header
    return kind if is_sound else _ANY_FILE


@cache
def _known_media_types() -> frozenset[str]:
    """Media types that say nothing but what kind a file is of; any other might be a message."""
    from mimetypes import MimeTypes

    return frozenset({_ANY_FILE, *MimeTypes().types_map_inv[True]})


def _with_encoding(notes: JsonObject | None, response: Response) -> JsonObject | None:
    """The notes, with what a reader of the text has to know of its characters."""
    return {**(notes or {}), CHARACTERS: response.encoding_note} if response.encoding_note else notes


def _smaller(content: bytes) -> Encoded | None:
    """A picture as hosts take it; None if it cannot be opened."""
    try:
        return smaller(content)
    except ValueError:
        return None


def _is_json(response: Response) -> bool:
    """Whether a download is no file but an answer of the service: labelled as JSON or as a page, and JSON."""
    if "json" not in response.content_type and "html" not in response.content_type:
        return False
    try:
        response.json  # noqa: B018 - reading it is the question
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _file_name(operation: Operation, response: Response, secrets: Sequence[str]) -> str:
    """The last part of the name that the service gives, short enough for any file system."""
    from email.message import Message
    from mimetypes import guess_extension
    from pathlib import PurePath

    header = Message()
    header["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = (header.get_filename() or "").replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
    # Secrets go before it is cut: of one that was cut, nothing would be known.
    name = without_secrets(without_hidden(last)[0], secrets)
    printable = PurePath("".join(character for character in name if character.isprintable()))
    if not printable.name:
        return f"{operation.id}{guess_extension(response.content_type) or ''}"
    stem = printable.stem.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    return valid_everywhere(f"{stem}{printable.suffix[:20]}")
