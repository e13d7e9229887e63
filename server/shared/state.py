"""All that servers share besides the journal: in Redis if a setting names one, otherwise in this process."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from importlib import import_module
from secrets import token_bytes
from typing import Literal

from ..settings.settings import Settings
from ..settings.settings_error import SettingsError
from .budgets import Budgets, ProcessBudgets, RedisBudgets
from .redis_server import RedisServer
from .sealing import Seal
from .sessions import LogIn, ProcessSessions, RedisSessions, Sessions, SharedLogin

__all__ = ["SharedState", "open_shared_state"]

_PURPOSE = "docreview studio session 1"


@dataclass(slots=True)
class SharedState:
    """What several servers share. `seal` names and seals what is kept of accounts; None without Redis."""

    budgets: Budgets = field(default_factory=ProcessBudgets)
    sessions: Sessions = field(default_factory=ProcessSessions)
    redis: RedisServer | None = None
    seal: Seal | None = None

    def shared_login(self, log_in: LogIn, base_url: str) -> LogIn:
        """Signing in at this address, once for all servers; `log_in` itself where nothing is shared."""
        seal = self.seal
        if seal is None:
            return log_in
        return SharedLogin(
            log_in, self.sessions, lambda email, password: seal.name_of(base_url, email, password)
        )

    async def redis_state(self) -> Literal["ok", "down", "none"]:
        """Whether Redis answers; `none` if there is none."""
        return "none" if self.redis is None else await self.redis.state()

    async def close(self) -> None:
        """Close the connections."""
        if self.redis is not None:
            await self.redis.close()


def open_shared_state(settings: Settings) -> SharedState:
    """The state that these settings share. Nothing is connected yet.

    Raises:
        SettingsError: a library is missing.
    """
    if settings.redis is None:
        return SharedState()
    keys = settings.seal_keys.get_secret_value().split(",") if settings.seal_keys is not None else ()
    try:
        # Here, so that no call meets its absence.
        import_module("redis.asyncio")
        seal = Seal([b64decode(each) for each in keys] or [token_bytes(32)], _PURPOSE)
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed; install docreview-mcp[redis]"
        raise SettingsError(f"DOCREVIEW_REDIS: {message}") from None
    server = RedisServer(settings.redis.get_secret_value())
    return SharedState(RedisBudgets(server), RedisSessions(server, seal), server, seal)
