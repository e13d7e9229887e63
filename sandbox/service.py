"""What a sandbox handler receives and returns, and the table of handlers.

A handler answers one operation of a service. It is found by the operation's id, gets the state of its
service and a parsed call, and returns what the service would answer: a JSON value, a `Download`, or a
`Refusal` raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["HANDLERS", "Call", "Download", "Refusal", "UploadedFile", "handles"]


@dataclass(frozen=True)
class UploadedFile:
    """A file that came in a multipart body."""

    file_name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One request, already authenticated and checked against the operation's document.

    `path` and `query` hold values converted to the types that the document names (a comma-separated list
    is a list). `body` is the decoded JSON body, or the form fields of a multipart or urlencoded body
    (JSON-typed fields decoded), or None. `base_url` is the service's address in links to
    its files, without a final slash. `user` is the e-mail address of the signed-in Studio user ("" for
    Nanonets).
    """

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any
    files: Mapping[str, UploadedFile] = field(default_factory=dict[str, UploadedFile])
    base_url: str = ""
    user: str = ""


@dataclass(frozen=True)
class Download:
    """An answer that is a file and not JSON."""

    content: bytes
    content_type: str
    file_name: str


class Refusal(Exception):  # noqa: N818 - an answer of the service, not a fault of ours
    """An error answer of the service: HTTP status and the `{"code", "message", "details"}` of its body."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


Handler = Callable[[Any, Call], Any]
H = TypeVar("H", bound=Handler)

HANDLERS: dict[str, Handler] = {}
"""Operation id → handler; filled by the modules that define the handlers."""


def handles(operation_id: str) -> Callable[[H], H]:
    """Register the decorated function as the handler of one operation."""

    def register(handler: H) -> H:
        HANDLERS[operation_id] = handler
        return handler

    return register
