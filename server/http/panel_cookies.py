"""The cookies of the panel in a browser: how they are named and bounded."""

from __future__ import annotations

from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

__all__ = ["PanelCookie"]


class PanelCookie:
    """One cookie of a server, which no script reads and no other site sends.

    `name` tells servers on the same machine apart, whose cookies browsers do not keep apart. Over TLS it is
    one that only this very host can set (`__Host-`), so that nobody plants one from a neighboring host.
    `same_site` is `Lax` where it has to come along when another site sends the browser back.
    """

    def __init__(self, name: str, *, is_secure: bool, same_site: Literal["Strict", "Lax"] = "Strict") -> None:
        self.name = f"__Host-{name}" if is_secure else name
        bounds = "Path=/; Secure" if is_secure else "Path=/panel"
        self._attributes = f"{bounds}; HttpOnly; SameSite={same_site}"

    def given(self, value: str, seconds: int) -> str:
        """The `Set-Cookie` header that gives it a value for so long."""
        return f"{self.name}={value}; Max-Age={seconds}; {self._attributes}"

    @property
    def removed(self) -> str:
        """The `Set-Cookie` header that removes it."""
        return self.given("", 0)

    def value_in(self, headers: Headers) -> str:
        """Its value in a request; empty if there is none."""
        return cookie_parser("; ".join(headers.getlist("cookie"))).get(self.name, "")
