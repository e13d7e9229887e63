"""Who calls: principals that signed in, each with an account of its own at the service."""

from __future__ import annotations

from dataclasses import dataclass

from .issuer import Issuer
from .service import TOKEN

__all__ = ["Caller", "Callers"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal: how the journal names it, its account at the service, and the headers of its requests."""

    principal: str
    account: str
    headers: dict[str, str]


class Callers:
    """So many principals with tokens of an issuer for the server at the address that is the audience."""

    def __init__(self, issuer: Issuer, audience: str, number: int) -> None:
        self._issuer = issuer
        self._audience = audience
        self.each = [self._caller(index) for index in range(number)]
        self.sign_in()

    @property
    def environment(self) -> dict[str, str]:
        """The settings by which servers know them."""
        return {"DOCREVIEW_AUTH": "oauth", "DOCREVIEW_OAUTH_ISSUER": self._issuer.address}

    def sign_in(self) -> None:
        """Give each of them a new token."""
        for caller in self.each:
            subject = caller.principal.rpartition("#")[2]
            caller.headers["Authorization"] = f"Bearer {self._issuer.token(subject, self._audience)}"

    def _caller(self, index: int) -> Caller:
        account = f"account-{index:03}"
        headers = {"X-Studio-Token": f"{TOKEN}{account}"}
        return Caller(f"{self._issuer.address}#caller-{index:03}", account, headers)
