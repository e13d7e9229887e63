"""What one operation of a service is: the record that everything else is read off.

An `Operation` says how the service wants to be called (route, parameters, bodies, answer), what the call
does there (effect, idempotence), and how the operation is named and grouped for people and agents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

__all__ = [
    "Body",
    "Effect",
    "JsonObject",
    "JsonValue",
    "Operation",
    "Parameter",
    "Route",
    "Service",
    "Tier",
]

JsonObject: TypeAlias = dict[str, JsonValue]

Service = Literal["nanonets", "studio"]
Tier = Literal["documented", "companion", "extra"]
Effect = Literal["read", "write", "destructive"]


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP method and a path template such as `/projects/{project_id}`."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter. `schema` is plain JSON Schema without references.

    `separator` joins the items of a list; without one, a list repeats the parameter.
    """

    name: str
    location: Literal["path", "query"]
    required: bool
    schema: JsonObject
    separator: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One media type in which an operation takes its request body."""

    content_type: str
    required: bool
    schema: JsonObject


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation, as its OpenAPI document describes it.

    `other_routes` are further addresses that the service's documents or clients give for it.
    `response` is the schema of the success answer, None where nobody documents one. `body_argument`
    names the argument that carries a body which is not an object. `further_keys` names the argument whose
    keys are put beside the named ones in the body. `token_property` is the property of the answer that
    becomes the session token. `narrow` says how to get a shorter answer where there is no paging.
    """

    id: str
    service: Service
    tool: str
    toolset: str
    tier: Tier
    title: str
    description: str
    effect: Effect
    idempotent: bool
    route: Route
    parameters: tuple[Parameter, ...]
    bodies: tuple[Body, ...]
    success_status: int
    response: JsonObject | None = None
    other_routes: tuple[Route, ...] = ()
    authenticated: bool = True
    body_argument: str = ""
    further_keys: str = ""
    token_property: str = ""
    ends_session: bool = False
    download: bool = False
    narrow: str = ""
    evidence: str = ""
    note: str = ""

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every known address of the operation, the best founded first."""
        return (self.route, *self.other_routes)
