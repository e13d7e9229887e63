"""Authentication: a fixed key for Nanonets, a session that renews itself for Studio."""

from __future__ import annotations

import base64
import time
from typing import Protocol

import anyio

from ...schemas import Operation
from ...tools import NOTHING_SENT, ToolFailure
from ..shared.sessions import LogIn
from .account import Account
from .remedies import REMEDIES

__all__ = ["Credentials", "NanonetsKey", "NoCredentials", "StudioSession"]

_RENEW_BEFORE_SECONDS = 60.0
_MAX_FORMER = 3
"""How many tokens that are no longer used are still kept out of what is shown."""


class Credentials(Protocol):
    """What authenticates the requests to one service."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values held here now."""
        ...

    async def authorization(self, operation: Operation) -> str:
        """The `Authorization` header for a request; empty for an operation that needs none.

        Raises:
            ToolFailure: nothing is configured to authenticate with, or signing in failed.
        """
        ...

    async def renew(self, refused: str) -> bool:
        """Whether a new header can be had after the service refused this one."""
        ...

    def keep(self, token: str) -> None:
        """Use this session token from now on; an empty one ends the session."""
        ...


class NoCredentials:
    """Authenticates nothing: for requests by which a session is begun."""

    secrets: tuple[str, ...] = ()

    async def authorization(self, operation: Operation) -> str:
        """No header."""
        return ""

    async def renew(self, refused: str) -> bool:
        """Never."""
        return False

    def keep(self, token: str) -> None:
        """There is no session."""


class NanonetsKey:
    """Basic authentication with the API key as user name and an empty password."""

    def __init__(self, account: Account) -> None:
        key = account.nanonets_api_key
        self._account = account
        self._header = ""
        self.secrets: tuple[str, ...] = ()
        if key is not None:
            encoded = base64.b64encode(f"{key.get_secret_value()}:".encode()).decode()
            self._header = f"Basic {encoded}"
            self.secrets = (key.get_secret_value(), encoded)

    async def authorization(self, operation: Operation) -> str:
        """The header; raises `ToolFailure` without a key."""
        if not self._header and operation.authenticated:
            why = REMEDIES[self._account.source].why_missing("nanonets")
            raise _not_configured(operation, self._account, why)
        return self._header

    async def renew(self, refused: str) -> bool:
        """Never: a key stays what it is."""
        return False

    def keep(self, token: str) -> None:
        """Nanonets has no sessions."""


class StudioSession:
    """A bearer token, given or got by signing in when first needed, and renewed before it runs out.

    It belongs to one account. However many calls wait for a token, one of them signs in.
    """

    def __init__(self, account: Account, log_in: LogIn) -> None:
        self._account = account
        self._email = account.studio_email or ""
        self._password = account.studio_password.get_secret_value() if account.studio_password else ""
        self._token = account.studio_token.get_secret_value() if account.studio_token else ""
        self._former: tuple[str, ...] = ()
        self._log_in = log_in
        self._lock = anyio.Lock()
        self._was_ended = False
        self._logins = 0
        self._failed: ToolFailure | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Token and password, and former tokens: an answer may name one, and it may still be good."""
        return tuple(value for value in (self._token, *self._former, self._password) if value)

    async def authorization(self, operation: Operation) -> str:
        """The header; signs in first where that is needed and possible."""
        if not operation.authenticated or (operation.if_signed_in and self._needs_token()):
            return ""
        if self._needs_token():
            before = self._logins
            async with self._lock:
                if self._needs_token():
                    self._check_can_sign_in(operation)
                    await self._sign_in(before)
        return f"Bearer {self._token}"

    async def renew(self, refused: str) -> bool:
        """Sign in again, unless another call already did or there is nothing to sign in with."""
        before = self._logins
        async with self._lock:
            present = f"Bearer {self._token}" if self._token else ""
            if refused != present:
                return bool(self._token)
            if not self._can_log_in or self._was_ended:
                return False
            await self._sign_in(before)
            return True

    def keep(self, token: str) -> None:
        """Use the token of a login or registration that an agent made; an empty one ends the session."""
        self._use(token)
        self._was_ended = not token

    def _use(self, token: str) -> None:
        if self._token and self._token != token:
            self._former = (self._token, *self._former)[:_MAX_FORMER]
        self._token = token

    @property
    def _can_log_in(self) -> bool:
        return bool(self._email and self._password)

    def _needs_token(self) -> bool:
        return not self._token or (self._can_log_in and _runs_out(self._token))

    async def _sign_in(self, logins_before: int) -> None:
        """Sign in, unless that failed for another call while this one waited: then it fails the same way."""
        if self._failed is not None and self._logins != logins_before:
            raise self._failed.before_sending("")
        self._failed = None
        try:
            self._use(await self._log_in(self._email, self._password))
        except ToolFailure as failure:
            self._failed = failure
            raise
        finally:
            self._logins += 1

    def _check_can_sign_in(self, operation: Operation) -> None:
        if self._was_ended:
            raise ToolFailure(
                "unauthorized",
                f"{operation.tool}: the Studio session was ended by studio_logout.",
                happened=NOTHING_SENT,
                next_step="Call studio_login."
                if self._account.is_own
                else "Call studio_login, or ask the user to restart the server.",
            )
        if not self._can_log_in:
            why = REMEDIES[self._account.source].why_missing("studio")
            if self._email and not self._account.is_own:
                why = why.replace("STUDIO_EMAIL and STUDIO_PASSWORD are", "STUDIO_PASSWORD is")
            raise _not_configured(operation, self._account, why)


def _not_configured(operation: Operation, account: Account, reason: str) -> ToolFailure:
    return ToolFailure(
        "not_configured",
        f"{operation.tool}: {reason}.",
        happened=NOTHING_SENT,
        next_step=REMEDIES[account.source].after_missing,
    )


def _runs_out(token: str) -> bool:
    """Whether a JSON Web Token ends within a minute; a token of another form has no known end."""
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return False
    end = claims.get("exp")
    return isinstance(end, (int, float)) and end - time.time() < _RENEW_BEFORE_SECONDS
