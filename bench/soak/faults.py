"""What goes wrong meanwhile, when, and what may follow from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from .clients import Call, Load
from .deployment import Deployment
from .replica import ReplicaError

__all__ = ["Fault", "carry_out", "schedule"]

_AWAY_SECONDS = 1.0
"""How long a database is away, or a killed server until it is started again."""

_EXIT_SECONDS = 60.0
_NOTICE_SECONDS = 0.25
"""What was sent to a killed server within this time was still sent to it: nginx cannot know at once."""

_RECOVERY_SECONDS = 6.0
"""How long after a restart of PostgreSQL writes may still be refused: a write waits for its turn for 5 s."""

_LONG_SECONDS = 300

_ONCE = (
    (0.12, "kill -9"),
    (0.28, "SIGTERM"),
    (0.5, "Redis restarted"),
    (0.6, "PostgreSQL restarted"),
    # A server that fetched the issuer's keys less than 30 s ago does not ask for new ones yet.
    (0.85, "issuer's keys rotated"),
    (0.9, "issuer down"),
)
"""The faults of a short run, with the share of it after which each begins."""

_ISSUER_AWAY_SHARE = 0.1
"""How long the issuer is down: a minute of ten."""


@dataclass(slots=True)
class Fault:
    """Something that went wrong on purpose, from `began` to `ended` by the monotonic clock.

    `under_way` is how many calls were at the servers when it began, `run_seconds` how long the whole run is;
    `failure` is what should not have been.
    """

    kind: str
    began: float
    ended: float = 0.0
    under_way: int = 0
    failure: str = ""
    run_seconds: float = 0.0

    def explains(self, call: Call) -> bool:
        """Whether a call may have ended without an outcome, or refused, because of this."""
        ended = call.ended or time.monotonic()
        if self.kind == "kill -9":
            return call.began <= self.began + _NOTICE_SECONDS and ended >= self.began
        if self.kind == "PostgreSQL restarted":
            is_meanwhile = call.began <= self.ended + _RECOVERY_SECONDS and ended >= self.began
            return call.is_write and call.outcome == "refused" and is_meanwhile
        return False


def schedule(seconds: float) -> list[tuple[float, str]]:
    """When which fault begins, in seconds from the start: each once in a short run, else again and again."""
    if seconds < _LONG_SECONDS:
        return [(seconds * share, kind) for share, kind in _ONCE]
    times = [(at, "kill -9") for at in range(30, int(seconds) - 20, 60)]
    times += [(at, "SIGTERM") for at in range(55, int(seconds) - 30, 120)]
    times += [(seconds * 0.4, "Redis restarted"), (seconds * 0.7, "PostgreSQL restarted")]
    times += [(seconds * 0.2, "issuer's keys rotated"), (seconds * 0.5, "issuer down")]
    return sorted(times)


async def carry_out(
    deployment: Deployment,
    load: Load,
    seconds: float,
    planned: Sequence[tuple[float, str]],
    happened: list[Fault],
) -> None:
    """Do each planned fault at its time, and note it."""
    began = time.monotonic()
    for at, kind in planned:
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        fault = Fault(kind, time.monotonic(), under_way=len(load.under_way()), run_seconds=seconds)
        happened.append(fault)
        try:
            await _FAULTS[kind](deployment, fault)
        except (ReplicaError, AssertionError, OSError) as error:
            fault.failure = f"{kind}: {error}"
        fault.ended = time.monotonic()


async def _kill(deployment: Deployment, fault: Fault) -> None:
    deployment.mortal.kill()
    await asyncio.sleep(_AWAY_SECONDS)
    await deployment.mortal.start()


async def _terminate(deployment: Deployment, fault: Fault) -> None:
    """Replace a server, and tell nobody: nginx does not ask whether it is ready."""
    replica = deployment.mortal
    replica.terminate()
    status = await replica.ended(_EXIT_SECONDS)
    if status != 0:
        fault.failure = f"SIGTERM: {replica.name} ended with status {status}: {replica.logged[-500:]}"
    await replica.start()


async def _restart_redis(deployment: Deployment, fault: Fault) -> None:
    await asyncio.to_thread(deployment.redis.stop)
    await asyncio.sleep(_AWAY_SECONDS)
    await asyncio.to_thread(deployment.redis.start)


async def _restart_postgresql(deployment: Deployment, fault: Fault) -> None:
    await asyncio.to_thread(deployment.postgresql.stop)
    await asyncio.sleep(_AWAY_SECONDS)
    await asyncio.to_thread(deployment.postgresql.start)


async def _rotate_keys(deployment: Deployment, fault: Fault) -> None:
    deployment.issuer.rotate()
    deployment.callers.sign_in()


async def _stop_issuer(deployment: Deployment, fault: Fault) -> None:
    deployment.issuer.is_down = True
    await asyncio.sleep(fault.run_seconds * _ISSUER_AWAY_SHARE)
    deployment.issuer.is_down = False


_FAULTS: dict[str, Callable[[Deployment, Fault], Awaitable[None]]] = {
    "kill -9": _kill,
    "SIGTERM": _terminate,
    "Redis restarted": _restart_redis,
    "PostgreSQL restarted": _restart_postgresql,
    "issuer's keys rotated": _rotate_keys,
    "issuer down": _stop_issuer,
}
