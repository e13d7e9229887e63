"""Every write says what undoes it or why nothing does, and what it says can be carried out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docreview_mcp.schemas import JsonValue, Operation, load_operations
from docreview_mcp.tools.requests.arguments import arguments_of
from each_case import each_case
from undo_scenarios import SCENARIOS

OPERATIONS = load_operations()
WRITES = [each for each in OPERATIONS.values() if each.effect != "read"]
NOT_ARGUMENTS = ("answer", "before", "each", "key")
IDS_NOT_DOCUMENTED = {"addLabelingTag", "addCorrectionTag"}
"""Whose answers hold the id of what was added, though the service's documents do not show it."""


def named(operation: Operation) -> str:
    return operation.id


def arguments_named(operation: Operation) -> dict[str, bool]:
    """The arguments that go to the service, and whether each is required."""
    return {each.name: each.required for each in arguments_of(operation) if each.location != "guard"}


def references(value: JsonValue) -> Iterator[str]:
    """Every reference in the arguments of a read or a step."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, str) and not entry.startswith("="):
            yield entry


def references_of_present(operation: Operation) -> list[str]:
    present = operation.present
    if present is None:
        return []
    found = [present.each] if present.each else []
    for value in present.arguments.values():
        found += references(value)
    for step in present.find:
        found += step.values() if isinstance(step, dict) else []
    return found


def references_of_undo(operation: Operation) -> list[str]:
    found: list[str] = []
    for step in operation.undo:
        found += [step.each] if step.each else []
        for value in step.arguments.values():
            found += references(value)
    return found


def may_hold(schema: dict[str, Any] | None, steps: list[str]) -> bool:
    """Whether an answer of this schema may hold such a path; unknown ones may hold anything."""
    if not schema or "properties" not in schema or not steps:
        return True
    inner = schema["properties"].get(steps[0])
    if inner is not None and inner.get("type") == "array" and steps[1:2] == ["*"]:
        return may_hold(inner.get("items"), steps[2:])
    return inner is not None and may_hold(inner, steps[1:])


def test_there_are_writes_of_both_kinds() -> None:
    assert len(WRITES) > 110
    assert len([each for each in WRITES if each.undo]) > 65


@each_case(WRITES, named)
def test_a_write_can_be_undone_or_says_why_not(operation: Operation) -> None:
    assert bool(operation.undo) != bool(operation.not_undoable)
    for sentence in (operation.not_undoable, operation.undo_leaves):
        assert re.fullmatch(r"([A-Z][^\n]{10,190}\.)?", sentence), sentence
    assert operation.undo or not operation.undo_leaves


def test_reads_have_nothing_to_undo() -> None:
    for operation in OPERATIONS.values():
        if operation.effect == "read":
            assert (operation.present, operation.undo) == (None, ()), operation.id
            assert operation.not_undoable == operation.undo_leaves == "", operation.id


@each_case([each for each in WRITES if each.present], named)
def test_the_present_state_can_be_read(operation: Operation) -> None:
    present = operation.present
    assert present is not None
    read = OPERATIONS[present.read]
    assert (read.effect, read.service) == ("read", operation.service)
    assert set(present.arguments) <= set(arguments_named(read))
    own = arguments_named(operation)
    for name, required in arguments_named(read).items():
        if required:
            assert name in present.arguments or own.get(name), f"{name} is not known"
    if present.value and present.keys:
        assert present.value in present.keys


@each_case([each for each in WRITES if each.undo], named)
def test_what_undoes_a_write_can_be_called(operation: Operation) -> None:
    own = arguments_named(operation)
    for step in operation.undo:
        call = OPERATIONS[step.call]
        assert (call.effect != "read", call.service) == (True, operation.service)
        paths = {each.name for each in call.parameters if each.location == "path"}
        assert set(step.arguments) <= set(arguments_named(call))
        for name, required in arguments_named(call).items():
            if required:
                assert name in step.arguments or (name in paths and own.get(name)), f"{name} is not known"


@each_case(WRITES, named)
def test_references_lead_somewhere(operation: Operation) -> None:
    own = arguments_named(operation)
    assert not set(own) & set(NOT_ARGUMENTS)
    for reference in references_of_present(operation) + references_of_undo(operation):
        first, *steps = reference.split(".")
        if first in NOT_ARGUMENTS:
            assert bool(steps) or first in ("before", "each", "key"), reference
        else:
            assert first in own, reference
            assert not steps or own[first] is False, f"{reference} leads into an argument"
    assert not any(each.partition(".")[0] in ("before", "key") for each in references_of_present(operation))


@each_case([each for each in WRITES if each.undo], named)
def test_undoing_needs_only_what_is_known(operation: Operation) -> None:
    present = operation.present
    for reference in references_of_undo(operation):
        first, *steps = reference.split(".")
        if first in ("before", "key"):
            assert present is not None, reference
            if present.keys and not present.each and steps:
                assert steps[0] in present.keys, f"{reference} is not read"
        if first == "answer" and operation.id not in IDS_NOT_DOCUMENTED:
            assert may_hold(operation.response, steps), f"{reference} is not answered"


def test_every_write_that_can_be_undone_is_tried() -> None:
    assert set(SCENARIOS) == {each.id for each in WRITES if each.undo}


def test_what_may_be_expected_is_read() -> None:
    wanted = {
        "updateFieldValue": "value",
        "updateTableCellValue": "text",
        "deleteFieldValue": "value",
        "deleteTableCell": "text",
        "verifyFile": "approval_status",
        "unverifyFile": "approval_status",
    }
    found = {each.id: each.present.value for each in WRITES if each.present and each.present.value}
    assert found == {**found, **wanted}
