"""Read the present state of what a write changes, as the operation's record says where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...schemas import (
    JsonObject,
    JsonValue,
    Operation,
    Present,
    load_operations,
    parsed,
    references_of,
)
from ..documents.values import objects_in
from ..failure import ToolFailure
from ..json_text import compact
from ..requests.arguments import arguments_of
from ..requests.id_spelling import one_spelling

__all__ = [
    "NOT_READ",
    "Read",
    "State",
    "each_once",
    "read_state",
    "resolve",
    "state_after",
]

Read = Callable[[str, JsonObject], Awaitable[JsonObject]]
"""Calls a reading operation by its id and gives its whole answer; raises `ToolFailure`."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of what a write changes.

    `value` is the state if it is `known`, otherwise `problem` says why not. `is_there` is False for something
    that does not exist. `key` is the name in a map under which the item stands. `item` is the whole item as
    the service gives it, `answer` the answer that it stands in, and `shown` those of its properties that a
    person has to see before they agree.
    """

    known: bool
    value: JsonValue = None
    key: str = ""
    is_there: bool = True
    problem: str = ""
    item: JsonValue = None
    answer: JsonValue = None
    shown: JsonValue = None


NOT_READ = State(False, problem="no operation reads it")


def each_once(read: Read) -> Read:
    """Reads nothing twice: what depends on the same answer is judged by the same."""
    answers: dict[str, JsonObject] = {}

    async def once(operation_id: str, arguments: JsonObject) -> JsonObject:
        call = compact([operation_id, dict(sorted(arguments.items()))])
        if call not in answers:
            answers[call] = await read(operation_id, arguments)
        return answers[call]

    return once


async def read_state(operation: Operation, context: Mapping[str, JsonValue], read: Read) -> State:
    """The state that a write with these arguments changes. `context` holds the arguments and the `answer`."""
    present = operation.present
    if present is None:
        return NOT_READ
    if not present.each:
        return await _read_one(present, context, read)
    found: list[JsonValue] = []
    for entry in _entries(present, context):
        state = await _read_one(present, {**context, "each": entry}, read)
        if not state.known or not state.is_there:
            return state
        if not isinstance(state.value, dict):
            return State(False, problem=f"{present.read} returns it in another form")
        found.append({"of": entry, **state.value})
    return State(True, found, shown=found)


def state_after(operation: Operation, values: JsonObject, answer: JsonObject, before: State) -> State | None:
    """The state that a write left, as answer and arguments tell it; None if it has to be read once more."""
    present = operation.present
    if present is None:
        return NOT_READ
    if present.gone_after:
        return State(True, None, is_there=False)
    if present.after:
        return _values_after(present, {**values, "answer": answer})
    if present.again:
        return None
    if operation.route.method == "DELETE" or not (present.keys or _is_of_something_new(present)):
        return State(True, None, is_there=False)
    earlier = before.value if isinstance(before.value, dict) else {}
    result = {**values, **answer}
    # What the call changes is not as it was before: where neither tells it, it has to be read.
    if present.value in present.keys and present.value not in result:
        return None
    result = {**earlier, **result}
    if not present.keys or any(key not in result for key in present.keys):
        return None
    return State(True, {key: result[key] for key in present.keys})


def resolve(reference: JsonValue, context: Mapping[str, JsonValue]) -> JsonValue:
    """The value that a reference stands for, None if there is none; see `schemas.Present`."""
    if isinstance(reference, list):
        return [resolve(entry, context) for entry in reference]
    if not isinstance(reference, str):
        return reference
    source = parsed(reference)
    if source.is_literal:
        return source.root
    values: list[JsonValue] = [context.get(source.root)]
    for step in source.steps:
        values = [inner for value in values for inner in _step_into(value, step)]
    if "*" in source.steps:
        return [value for index, value in enumerate(values) if value not in values[:index]]
    return values[0] if values else None


async def _read_one(present: Present, context: Mapping[str, JsonValue], read: Read) -> State:
    if _is_of_something_new(present) and "answer" not in context:
        return State(True, None, is_there=False)
    operation = load_operations()[present.read]
    arguments: JsonObject = {}
    for argument in arguments_of(operation):
        given = argument.name in present.arguments
        if given or argument.required:
            value = resolve(present.arguments.get(argument.name, argument.name), context)
            if value is None:
                return State(False, problem=f"{argument.name} is not known")
            arguments[argument.name] = value
    try:
        answer = await read(present.read, arguments)
    except ToolFailure as failure:
        # A problem is reported in our own name, so it does not quote untrusted text.
        reason = (
            f"{operation.tool} failed ({failure.code})" if failure.quotes else failure.message.rstrip(".")
        )
        if failure.status == 404:
            return State(True, None, is_there=False, problem=reason)
        return State(False, problem=reason)
    found = next(_located(answer, present, context), None)
    if found is None:
        return State(True, None, is_there=False, problem=f"{operation.tool} does not show it")
    item, key = found
    if present.keys and isinstance(item, dict):
        kept: JsonObject = {name: item.get(name) for name in present.keys}
        shown = {**{name: item.get(name) for name in present.shows}, **kept}
        return State(True, kept, key, item=item, answer=answer, shown=shown)
    return State(True, item, key, item=item, answer=answer, shown=item)


def _values_after(present: Present, context: Mapping[str, JsonValue]) -> State | None:
    """The state after a write as its record says; None where the answer that it refers to does not tell."""
    values: list[JsonValue] = []
    for entry in _entries(present, context) if present.each else [None]:
        inner = {**context, "each": entry}
        state: JsonObject = {key: resolve(each, inner) for key, each in present.after.items()}
        if not all(_leads_somewhere(each, inner) for each in present.after.values()):
            return None
        values.append({"of": entry, **state} if present.each else state)
    return State(True, values if present.each else values[0])


def _leads_somewhere(reference: JsonValue, context: Mapping[str, JsonValue]) -> bool:
    """Whether what a reference names is there, be it null."""
    if not isinstance(reference, str) or (source := parsed(reference)).is_literal:
        return True
    value: JsonValue = dict(context)
    for step in (source.root, *source.steps):
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _entries(present: Present, context: Mapping[str, JsonValue]) -> list[JsonValue]:
    entries = context.get(present.each)
    return entries if isinstance(entries, list) else []


def _is_of_something_new(present: Present) -> bool:
    return any(each.root == "answer" for each in references_of(present))


def _located(
    answer: JsonObject, present: Present, context: Mapping[str, JsonValue]
) -> Iterator[tuple[JsonValue, str]]:
    values: list[tuple[JsonValue, str]] = [(answer, "")]
    for step in present.find:
        values = [inner for item, key in values for inner in _inside(item, key, step, context)]
    yield from values


def _inside(
    item: JsonValue, key: str, step: str | int | dict[str, str], context: Mapping[str, JsonValue]
) -> Iterator[tuple[JsonValue, str]]:
    if isinstance(step, dict):
        wanted = {name: str(resolve(reference, context)) for name, reference in step.items()}
        entries = objects_in(item)
        found = [each for each in entries if all(str(each.get(name)) == wanted[name] for name in wanted)]
        yield from ((each, key) for each in found or _spelled_otherwise(entries, wanted))
    elif isinstance(step, int):
        if isinstance(item, list) and len(item) > step:
            yield item[step], key
    elif step == "*":
        if isinstance(item, dict):
            yield from ((entry, name) for name, entry in item.items())
        elif isinstance(item, list):
            yield from ((entry, key) for entry in item)
    elif isinstance(item, dict):
        chosen = next((item[name] for name in step.split("|") if item.get(name)), None)
        if chosen is None:
            chosen = item.get(step.split("|")[0])
        if chosen is not None:
            yield chosen, key


def _spelled_otherwise(entries: Sequence[JsonObject], wanted: Mapping[str, str]) -> list[JsonObject]:
    """The entries with the same ids in other spellings: a service may take a UUID in capitals."""
    spelled = {name: one_spelling(value) for name, value in wanted.items()}
    return [
        each
        for each in entries
        if all(one_spelling(str(each.get(name))) == spelled[name] for name in spelled)
    ]


def _step_into(value: JsonValue, step: str) -> Iterator[JsonValue]:
    if step == "*":
        yield from value if isinstance(value, list) else ()
    elif isinstance(value, dict) and step in value:
        yield value[step]
