"""What a request leaves out of its tools, from its headers `X-Docreview-…` and the parameters of its URL."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Scope

from ..protocol.narrowing import NAMES, NOT_NARROWED, Narrowing, NarrowingFault, narrowing_of, nearest
from .refusals import Refusal

__all__ = ["NARROWING_HEADERS", "asked_narrowing"]

_PREFIX = "x-docreview-"
_RAW_PREFIX = _PREFIX.encode()
NARROWING_HEADERS = tuple(f"X-Docreview-{name.title()}" for name in NAMES)
_MAX_QUERY = 8_000
_MAX_KNOWN = 256


def asked_narrowing(scope: Scope, headers: Headers) -> Narrowing:
    """What a request leaves; one that says nothing of it leaves everything.

    Raises:
        Refusal: 400, as a name or value stands for nothing; passed over, more would be left than was meant.
    """
    query: bytes = scope.get("query_string", b"")
    if not query and not any(name.startswith(_RAW_PREFIX) for name, _ in headers.raw):
        return NOT_NARROWED
    if len(query) > _MAX_QUERY:
        raise _refusal("the URL", f"got {len(query)} characters of parameters, expected at most {_MAX_QUERY}")
    return _narrowing(
        tuple((name, value) for name, value in headers.items() if name.startswith(_PREFIX)), query
    )


@lru_cache(_MAX_KNOWN)
def _narrowing(headers: tuple[tuple[str, str], ...], query: bytes) -> Narrowing:
    parameters = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = [(f"X-Docreview-{name.removeprefix(_PREFIX).title()}", value) for name, value in headers]
    narrowing: list[tuple[str, str]] = []
    for label, value in (*given, *parameters):
        name = label.lower().removeprefix(_PREFIX).replace("_", "-")
        is_header = (label, value) in given
        if name not in NAMES:
            what = "header" if is_header else "URL parameter"
            near = nearest(name, NAMES)
            near = f"X-Docreview-{near.title()}" if is_header else near.replace("-", "_")
            raise _refusal(label, f"there is no such {what}; did you mean {near}?")
        try:
            narrowing_of([(name, value)])
        except NarrowingFault as fault:
            raise _refusal(label, str(fault)) from None
        narrowing.append((name, value))
    return narrowing_of(narrowing)


def _refusal(name: str, why: str) -> Refusal:
    return Refusal(
        400,
        "unknown_name",
        f"{name[:100]}: {why}" if why.endswith("?") else f"{name[:100]}: {why}.",
        "Correct or remove it in the host's settings; docs/http.md lists all headers and parameters.",
    )
