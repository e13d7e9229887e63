"""The load: clients of both eras that read and write, and look at each answer."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from ..http_calls import ERAS, CutOffError, Era, HttpAnswer, HttpConnection, call_request, result_in
from .callers import Caller

__all__ = ["Call", "Load", "Outcome", "judged"]

Outcome = Literal["done", "refused", "unknown", "lost", "wrong"]
"""How a call ended: `refused`: nothing was sent, and the answer says so; `unknown`: the answer says that it
is not known; `lost`: there was no answer; `wrong`: it was not the answer to this call of this caller."""

_READ, _WRITE = "studio_get_project_document", "studio_add_label"
_PATIENCE_SECONDS = 90.0


@dataclass(slots=True)
class Call:
    """One call of a client. `began` and `ended` are of the monotonic clock; `ended` is None while it runs.

    `name` is the value that is written, None for a read; `detail` is what a look at the call should show.
    """

    caller: Caller
    era: Era
    name: str | None
    began: float
    ended: float | None = None
    outcome: Outcome = "lost"
    detail: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it changes something."""
        return self.name is not None


@dataclass(slots=True)
class Load:
    """Clients that call at an address one call after another, until they are told to stop.

    `pause` is how many seconds a client waits between its calls, on average; `writes` the share of writes.
    """

    address: str
    callers: Sequence[Caller]
    clients: int
    pause: float
    writes: float = 0.5
    calls: list[Call] = field(default_factory=list)
    last_answer: float = 0.0
    longest_silence: float = 0.0
    _is_over: bool = False
    _numbers: count[int] = field(default_factory=count)

    async def run(self) -> None:
        """Call until `stop`, then finish what is under way."""
        self.last_answer = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(self.clients):
                caller = self.callers[number % len(self.callers)]
                # By turns of all callers, so that each of them calls in both eras.
                era = ERAS[(number + number // len(self.callers)) % len(ERAS)]
                tasks.create_task(self._client(caller, era, random.Random(number)))

    def stop(self) -> None:
        """Let each client finish its call."""
        self._is_over = True

    def under_way(self) -> list[Call]:
        """The calls that have not ended. A call is in the list of calls as soon as it begins."""
        # Each client has one call under way, so they are among the newest ones, but for very slow ones.
        return [each for each in self.calls if each.ended is None]

    async def _client(self, caller: Caller, era: Era, chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, self.pause))
        while not self._is_over:
            await self._call(caller, era, is_write=chance.random() < self.writes)
            await asyncio.sleep(chance.uniform(0.5, 1.5) * self.pause)

    async def _call(self, caller: Caller, era: Era, *, is_write: bool) -> None:
        number = next(self._numbers)
        call = Call(caller, era, f"label {number} {caller.account}" if is_write else None, time.monotonic())
        self.calls.append(call)
        if call.name is not None:
            tool, arguments = _WRITE, {"project_id": 2, "name": call.name}
            expected = {"name": f"{call.name} of {caller.account}"}
        else:
            tool, arguments = _READ, {"project_id": 2, "document_id": number}
            expected = {"text": f"/projects/2/documents/{number} of {caller.account}."}
        headers = {**caller.headers, "Connection": "close"}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), HttpConnection(self.address) as connection:
                answer = await connection.send(call_request(era, self.address, tool, arguments, headers))
            call.outcome, call.detail = judged(answer, expected)
        except CutOffError as error:
            call.detail = str(error)
        except TimeoutError:
            call.detail = f"no answer in {_PATIENCE_SECONDS:g} s"
        call.ended = time.monotonic()
        if call.outcome == "done":
            self.longest_silence = max(self.longest_silence, call.ended - self.last_answer)
            self.last_answer = call.ended


def judged(answer: HttpAnswer, expected: dict[str, str]) -> tuple[Outcome, str]:
    """How a call ended for which this came, and what a look at it should show."""
    response = f"{answer.status}: {answer.body[:200].decode(errors='replace')}"
    try:
        message = result_in(answer)
        result: dict[str, Any] = message.get("result") or {}
        structured = result.get("structuredContent") or {}
        error = structured.get("error") or message.get("error", {}).get("data")
    except (ValueError, AttributeError):
        # Not from docreview: nginx had nobody to ask, or the one that it asked was gone.
        return "lost", response
    if error is not None:
        problem = f"{answer.status} {error.get('code')}: {error.get('message', message.get('error'))}"
        return ("refused" if error.get("done") == "no" else "unknown"), problem
    if answer.status == 200 and all(
        str(structured.get(name, "")).startswith(value) for name, value in expected.items()
    ):
        return "done", ""
    return "wrong", response
