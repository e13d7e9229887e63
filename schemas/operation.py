"""What one operation of a service is: the record that everything else is read off.

An `Operation` says how the service wants to be called (route, parameters, bodies, answer), what the call
does there (effect, idempotence), and how the operation is named and grouped for people and agents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import JsonValue

__all__ = [
    "Body",
    "Effect",
    "JsonObject",
    "JsonValue",
    "Operation",
    "PanelUse",
    "Parameter",
    "Present",
    "Route",
    "Service",
    "Tier",
    "UndoStep",
]

JsonObject: TypeAlias = dict[str, JsonValue]

Service = Literal["nanonets", "studio", "docreview"]
"""Who answers: one of the two services, or this server itself with its own tools."""

Tier = Literal["documented", "companion", "extra", "review", "lean", "app"]
"""How a tool is chosen; `app` is for the review panel alone."""

PanelUse = Literal["", "opens", "used", "only"]
"""What a tool is to the review panel: nothing, what opens it, one that it calls too, one for it alone."""

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


@dataclass(frozen=True, slots=True)
class Present:
    """Where the state that a write changes can be read.

    `read` is the id of the operation that answers it; `arguments` gives those of its arguments that the write
    does not have under the same name. `find` leads from the answer to the item: a text is a key (`a|b`: the
    first of the two that holds something), a number a place in a list, `*` every entry, and an object picks
    the entries whose key has the value of a reference. `keys` are the properties that the write may change,
    all of them if empty; `value` is the one that a caller may expect to have a certain value. `shows` names
    properties that the write leaves as they are, but that a person has to see before they agree to it.
    `after` says what the state is once the write was carried out, each property as a reference (where one
    leads nowhere, the state is read once more), and `gone_after` that the item is not there any more.
    `again`: neither the answer nor the arguments tell the state after the write, so it is read once more.
    `each` names an argument that is a list: the state is read for each of its entries, and is a list of these
    states.

    References are texts: `workflow_id` (an argument of the write), `answer.id` (its answer; then the state is
    that of something new, and there is none before), `each` (the entry of the list), `=text` (that text).
    """

    read: str
    find: tuple[str | int | dict[str, str], ...] = ()
    keys: tuple[str, ...] = ()
    value: str = ""
    arguments: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    again: bool = False
    each: str = ""
    shows: tuple[str, ...] = ()
    after: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    gone_after: bool = False


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One call that puts back a part of what a write changed.

    `call` is an operation id. Arguments of its path are those of the write under the same name; `arguments`
    gives the others, each as a reference, a list of references, or another value as it is. References are
    those of `Present`, and `before.value` (the state before), `key` (under which name in a map the item
    stood), `each.of` (the id that an entry of a state read for each is of); `*` in a reference gives the
    distinct values of all entries. With `each`, a reference to a list, the step is made for each of its
    entries.
    """

    call: str
    arguments: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    each: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation, as its OpenAPI document describes it.

    `other_routes` are further addresses that the service's documents or clients give for it. `response` is
    the schema of the success answer, None where nobody documents one. `body_argument` names the argument that
    carries a body which is not an object. `further_keys` names the argument whose keys are put beside the
    named ones in the body. `token_property` is the property of the answer that becomes the session token.
    `authenticated` says whether the service wants to know who calls; `if_signed_in`: it is told where that is
    known already, and the call is made without where it is not. `narrow` says how to get a shorter answer
    where there is no paging. `present` says where the state that a write changes is read, `undo` what puts it
    back, `undo_leaves` in a sentence what stays different all the same; `not_undoable` says why nothing puts
    it back. `irreversible`: it settles for good more than its arguments name, so that a person confirms it
    like a deletion. `panel` is what the tool is to the review panel. `after` says what to do next, `parts`
    what the result says where the argument `details` did not ask for a part. `pictures`: who calls it may ask
    for pictures, which are shown as such. `conflict`: what to do when the present state does not allow it.
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
    if_signed_in: bool = False
    body_argument: str = ""
    further_keys: str = ""
    token_property: str = ""
    ends_session: bool = False
    download: bool = False
    pictures: bool = False
    conflict: str = ""
    after: str = ""
    parts: dict[str, str] = field(default_factory=dict[str, str])
    narrow: str = ""
    evidence: str = ""
    note: str = ""
    present: Present | None = None
    undo: tuple[UndoStep, ...] = ()
    undo_leaves: str = ""
    not_undoable: str = ""
    irreversible: bool = False
    panel: PanelUse = ""

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every known address of the operation, the best founded first."""
        return (self.route, *self.other_routes)
