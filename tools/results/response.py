"""An HTTP answer as the shaping of results takes it: judged by its body, not by its label."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

from ...schemas import JsonObject, JsonValue

__all__ = ["LARGE_BYTES", "Response"]

_START = 1024
"""The bytes by which a page is known."""

_PAGE = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?(-->|\Z)\s*)*"
    r"<(!doctype\s+html|html|head|body|title|meta|script|style|center|div|h[1-6]|p|table|iframe)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_LIKE_ASCII = re.compile(r"iso-?2022|utf-?7|hz")
"""Character sets whose bytes are all valid UTF-8, too, so that only the label can tell."""

_GUESSED = "cp1252"
_MISREAD = (
    "The answer is not valid UTF-8 and does not declare another character set; it was read as Windows-1252,"
    " so some characters may be wrong."
)


def _no_number(_: str) -> None:
    """NaN and the infinities are no JSON; null says that there is no number."""


def _as_it_is(value: JsonObject) -> JsonObject:
    return value


LARGE_BYTES = 500_000
"""From here on, reading takes so long that other threads have to get their turn meanwhile."""

_DECODER = json.JSONDecoder(parse_constant=_no_number)
_YIELDING_DECODER = json.JSONDecoder(parse_constant=_no_number, object_hook=_as_it_is)
"""The hook is called for each object, and other threads get their turn at each call of it."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers (names in lower case) and whole body of one answer of a service."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""
    _parsed: list[JsonValue] = field(
        default_factory=list[JsonValue], init=False, repr=False, compare=False, hash=False
    )
    _read: list[tuple[str, str]] = field(
        default_factory=list[tuple[str, str]], init=False, repr=False, compare=False, hash=False
    )

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, without a byte-order mark; what fits nowhere is read as best it can be."""
        return self._decoded()[0]

    @property
    def json(self) -> JsonValue:
        """The body as JSON, to be read only; a number that is not finite is null.

        Raises:
            ValueError: it is not JSON.
            RecursionError: it is nested more deeply than can be read.
        """
        if not self._parsed:
            decoder = _DECODER if len(self.content) < LARGE_BYTES else _YIELDING_DECODER
            self._parsed.append(decoder.decode(self.text))
        return self._parsed[0]

    @property
    def encoding_note(self) -> str:
        """What a reader has to know of the characters of the body; empty if they are certain."""
        return self._decoded()[1]

    @property
    def is_html(self) -> bool:
        """Whether the body is an HTML page, which web applications answer for unknown addresses."""
        if self.content.startswith((b"{", b"[")):
            return False
        start = self.content[:_START]
        text = start.decode(json.detect_encoding(start), "replace")
        return bool(_PAGE.match(text)) or ("html" in self.content_type and text.lstrip().startswith("<"))

    @property
    def is_success(self) -> bool:
        """Whether the service carried the call out and answered in its own terms."""
        return 200 <= self.status < 300 and not self.is_html

    def _decoded(self) -> tuple[str, str]:
        """The text and the note on its characters, found once."""
        if not self._read:
            self._read.append(self._decode())
        return self._read[0]

    def _decode(self) -> tuple[str, str]:
        for encoding in self._encodings():
            try:
                return self.content.decode(encoding), ""
            except (LookupError, UnicodeError):
                continue
        try:
            return self.content.decode(_GUESSED), _MISREAD
        except UnicodeError:
            return self.content.decode("latin-1"), _MISREAD

    def _encodings(self) -> list[str]:
        """The character sets to try: what the bytes themselves say, then what the label says."""
        found = json.detect_encoding(self.content[:4])
        content_type = self.headers.get("content-type", "")
        if "charset" not in content_type.lower():
            return [found]
        header = Message()
        header["Content-Type"] = content_type
        named = header.get_content_charset("")
        return [named, found] if _NOT_LIKE_ASCII.match(named) else [found, named]
