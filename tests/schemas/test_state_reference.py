"""What a record says of states and undos is checked before it is generated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from docreview_mcp.schemas import Operation, Present, UndoStep, faults_of_references, load_operations
from docreview_mcp.tools.requests.arguments import arguments_of

OPERATION = load_operations()["updateFieldValue"]
NAMES = frozenset(each.name for each in arguments_of(OPERATION))


def test_every_reference_of_every_operation_leads_somewhere() -> None:
    for operation in load_operations().values():
        names = frozenset(each.name for each in arguments_of(operation))
        assert not list(faults_of_references(operation, names))


@pytest.mark.parametrize(
    "changed",
    [
        replace(OPERATION, present=Present("getPageData", arguments={"page_id": "pageid"})),
        replace(OPERATION, present=Present("getPageData", find=("data", {"field_data_id": "befor.id"}))),
        replace(OPERATION, present=Present("getPageData", after={"value": "valeu"})),
        replace(OPERATION, present=Present("getPageData", arguments={"page_id": "before.page_id"})),
        replace(OPERATION, undo=(UndoStep("updateFieldValue", {"value": "befor.value"}),)),
        replace(OPERATION, undo=(UndoStep("updateFieldValue", {"value": ["=", "keys"]}),)),
        replace(OPERATION, undo=(UndoStep("updateFieldValue", each="file_ids"),)),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(changed: Operation) -> None:
    (fault,) = faults_of_references(changed, NAMES)
    assert "updateFieldValue" in fault
    assert "is no argument" in fault
