"""One read at one route and its result, without anything that the answer contains."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ...schemas import JsonObject, Operation, Route
from ...tools import ToolFailure, build_request, validate_arguments
from ...tools.results.answer import parse, wrapped
from ...tools.results.schema_drift import differences
from ..services.upstream import CallerServices

__all__ = ["Outcome", "Tried", "ask", "ask_for_write", "required_ids"]

Outcome = Literal["answers", "other method", "not found", "refused", "failed"]
"""What an address did: gave the answer, exists for another method, is not known (or its item is not),
wants other rights, or failed in another way."""

_PAGE = ("limit", "per_page")
_FEW = 10
_SECONDS_OF_DAY = 86_400
_DAYS_BACK = 90


@dataclass(frozen=True, slots=True)
class Tried:
    """One address that was asked. `differences`: where the answer is not as documented: names and types."""

    operation: Operation
    route: Route
    outcome: Outcome
    status: int | None = None
    differences: tuple[str, ...] = ()


def required_ids(operation: Operation) -> tuple[str, ...]:
    """The arguments that a read cannot go without and that only another answer can tell."""
    return tuple(each.name for each in operation.parameters if each.required and each.name not in _days())


async def ask(
    services: CallerServices, operation: Operation, route: Route, ids: Mapping[str, str]
) -> tuple[Tried, JsonObject]:
    """Send a read to one of its addresses. Gives the answer too, which goes into no report."""
    values = _arguments(operation, ids)
    request = build_request(operation, validate_arguments(operation, values), route)
    try:
        response = await services.send(operation, (request,), _say_nothing)
        answer = parse(operation, response)
    except ToolFailure as failure:
        return Tried(operation, route, _outcome_of(failure), failure.status), {}
    if response.is_html:
        return Tried(operation, route, "not found", response.status), {}
    found = tuple(dict.fromkeys(_without_paths(each) for each in differences(operation, answer)))
    tried = Tried(operation, route, "answers", response.status, found)
    return tried, wrapped(answer, response.status)


async def ask_for_write(
    services: CallerServices, operation: Operation, route: Route, ids: Mapping[str, str]
) -> Tried:
    """Ask with GET whether the address of a write exists. The write itself is not sent."""
    names = {each.name for each in operation.parameters if each.location == "path"}
    reading = replace(
        operation,
        effect="read",
        route=Route("GET", route.path),
        other_routes=(),
        parameters=tuple(each for each in operation.parameters if each.name in names),
        bodies=(),
        present=None,
        response=None,
        download=False,
    )
    tried, _ = await ask(services, reading, reading.route, ids)
    outcome = "other method" if tried.outcome == "answers" else tried.outcome
    return replace(tried, operation=operation, route=route, outcome=outcome)


def _arguments(operation: Operation, ids: Mapping[str, str]) -> JsonObject:
    days = _days()
    values: JsonObject = {}
    for parameter in operation.parameters:
        if parameter.name in days:
            values[parameter.name] = days[parameter.name]
        elif parameter.name in ids:
            value = ids[parameter.name]
            is_number = parameter.schema.get("type") == "integer" and value.isdecimal()
            values[parameter.name] = int(value) if is_number else value
        elif parameter.name in _PAGE:
            values[parameter.name] = _FEW
    return values


def _days() -> dict[str, int]:
    """Days since 1970, by which the older interface of Nanonets lists files."""
    today = int(time.time() // _SECONDS_OF_DAY)
    return {"start_day_interval": today - _DAYS_BACK, "current_batch_day": today}


def _outcome_of(failure: ToolFailure) -> Outcome:
    by_status: dict[int | None, Outcome] = {
        401: "refused",
        403: "refused",
        404: "not found",
        405: "other method",
    }
    return by_status.get(failure.status, "failed")


def _without_paths(difference: str) -> str:
    """A difference without the numbers of entries, so that one of many entries stands for all."""
    json_path, _, rest = difference.partition(": ")
    parts = [each.partition("[")[0] + ("[]" if "[" in each else "") for each in json_path.split(".")]
    return f"{'.'.join(parts)}: {rest}"


async def _say_nothing(message: str) -> None:
    """A report that nobody waits for."""
