"""The document from which a program learns where its user signs in (RFC 9728). Anybody may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Scope, Send

from ...protocol.principal import SCOPES
from ..refusals import Refusal, send_json

__all__ = ["METADATA_PATHS", "ProtectedResource", "metadata_url"]

_WELL_KNOWN = "/.well-known/oauth-protected-resource"
METADATA_PATHS = (f"{_WELL_KNOWN}/mcp", _WELL_KNOWN)
"""The first is that of the standard; some programs look at the second only."""

_ANY_PAGE = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_ANY_PAGE,
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Mcp-Protocol-Version",
    "Access-Control-Max-Age": "3600",
}
_CACHED = {**_ANY_PAGE, "Cache-Control": "public, max-age=3600"}


def metadata_url(url: str) -> str:
    """Where the document of the server with this address is."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{METADATA_PATHS[0]}"


class ProtectedResource:
    """The document of a server that is called under `url`, and trusts the tokens of `issuer`."""

    def __init__(self, url: str, issuer: str, scope_prefix: str) -> None:
        self.document: Mapping[str, Any] = {
            "resource": url,
            "resource_name": "docreview",
            "authorization_servers": [issuer],
            "scopes_supported": [f"{scope_prefix}{scope}" for scope in SCOPES],
            "bearer_methods_supported": ["header"],
        }

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer for one of the `METADATA_PATHS`."""
        if scope["method"] == "OPTIONS":
            raw = [(name.lower().encode(), value.encode()) for name, value in _PREFLIGHT.items()]
            await send({"type": "http.response.start", "status": 204, "headers": raw})
            await send({"type": "http.response.body"})
            return
        if scope["method"] not in ("GET", "HEAD"):
            raise Refusal(
                405,
                "method_not_allowed",
                "Expected GET.",
                "Send a GET.",
                headers={"Allow": "GET, HEAD, OPTIONS"},
            )
        await send_json(send, 200, self.document, _CACHED)
