"""The course of a probe: reads from those that need nothing to those that need an id of an earlier answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from ...schemas import Operation, Service, load_operations
from ..services.upstream import CallerServices
from .asking import Tried, ask, ask_for_write, required_ids
from .known_ids import KnownIds

__all__ = ["Probe", "probe"]

_MAX_SECONDS = 240.0
_MAX_REQUESTS = 400


@dataclass(slots=True)
class Probe:
    """What a probe found. `left_out` are reads for which no id was found; `is_whole`: it was not cut short.

    `is_also_a_file`: whether a v4 document of Nanonets can be read as a v2 file; None if that was not tried.
    """

    tried: list[Tried] = field(default_factory=list[Tried])
    left_out: list[Operation] = field(default_factory=list[Operation])
    is_also_a_file: bool | None = None
    is_whole: bool = True
    requests: int = 0

    def counts_request(self) -> bool:
        """Count one more request; False if no more may be sent."""
        if self.requests >= _MAX_REQUESTS:
            return False
        self.requests += 1
        return True


async def probe(services: CallerServices, which: Sequence[Service]) -> Probe:
    """Try every read of these services that can be tried, and the uncertain addresses of writes.

    At most 400 requests and four minutes; nothing is written.
    """
    found = Probe(is_whole=False)
    with anyio.move_on_after(_MAX_SECONDS):
        for service in which:
            await _probe_service(services, service, found)
        found.is_whole = found.requests < _MAX_REQUESTS
    return found


async def _probe_service(services: CallerServices, service: Service, found: Probe) -> None:
    known = KnownIds()
    waiting = [
        each
        for each in load_operations().values()
        # Downloads may be large, and a POST may cost something although it changes nothing.
        if each.service == service
        and each.effect == "read"
        and each.route.method == "GET"
        and not each.download
    ]
    while ready := [each for each in waiting if known.sets_for(required_ids(each))]:
        for operation in ready:
            waiting.remove(operation)
            await _read(services, operation, known, found)
    found.left_out.extend(waiting)
    if service == "nanonets":
        await _document_as_file(services, known, found)
    for operation in load_operations().values():
        if operation.service == service and operation.effect != "read" and operation.other_routes:
            await _look_for_write(services, operation, known, found)


async def _read(services: CallerServices, operation: Operation, known: KnownIds, found: Probe) -> None:
    """Ask every address of a read, with other ids as long as it knows none or the answer leads nowhere."""
    best: list[Tried] = []
    for ids in known.sets_for(required_ids(operation)):
        tried: list[Tried] = []
        leads_on = False
        for route in services.routes(operation):
            if not found.counts_request():
                return
            once, answer = await ask(services, operation, route, ids)
            tried.append(once)
            if once.outcome == "answers":
                leads_on |= known.note(operation, dict(ids), answer)
        if not best or any(each.outcome == "answers" for each in tried):
            best = tried
        if leads_on or any(each.outcome in ("refused", "failed") for each in tried):
            break
    found.tried.extend(best)


async def _document_as_file(services: CallerServices, known: KnownIds, found: Probe) -> None:
    """Whether the ids of a v4 document lead to a v2 file."""
    reading = load_operations()["getPredictionFileByFileId"]
    for ids in known.sets_for(("workflow_id", "document_id"))[:1]:
        of_file = {"model_id": ids["workflow_id"], "request_file_id": ids["document_id"]}
        if not found.counts_request():
            return
        tried, _ = await ask(services, reading, reading.route, of_file)
        if tried.outcome in ("answers", "not found"):
            found.is_also_a_file = tried.outcome == "answers"


async def _look_for_write(
    services: CallerServices, operation: Operation, known: KnownIds, found: Probe
) -> None:
    names = tuple(each.name for each in operation.parameters if each.location == "path")
    sets: list[Mapping[str, str]] = known.sets_for(names)[:1]
    if not sets:
        found.left_out.append(operation)
    for ids in sets:
        for route in services.routes(operation):
            if not found.counts_request():
                return
            found.tried.append(await ask_for_write(services, operation, route, ids))
