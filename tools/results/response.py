"""An HTTP answer as the shaping of results takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

__all__ = ["Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers (names in lower case) and whole body of one answer of a service."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if none was given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in the named character set or else UTF-8; what does not fit is replaced."""
        content_type = self.headers.get("content-type", "")
        if "charset" not in content_type.lower():
            return self.content.decode("utf-8-sig", "replace")
        header = Message()
        header["Content-Type"] = content_type
        try:
            return self.content.decode(header.get_content_charset("utf-8-sig"), "replace")
        except LookupError:
            return self.content.decode("utf-8-sig", "replace")

    @property
    def is_html(self) -> bool:
        """Whether the body is an HTML page, which web applications answer for unknown addresses."""
        start = self.content[:200].lstrip().lower()
        return self.content_type == "text/html" or start.startswith((b"<!doctype html", b"<html"))

    @property
    def is_success(self) -> bool:
        """Whether the service carried the call out and answered in its own terms."""
        return 200 <= self.status < 300 and not self.is_html
