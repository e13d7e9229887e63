"""What the two services are: their operations, read off the OpenAPI documents in `openapi/`."""

from .catalog import load_operations, load_own_operations, operations_by_tool, operations_that_name
from .operation import (
    Body,
    Effect,
    JsonObject,
    JsonValue,
    Operation,
    PanelUse,
    Parameter,
    Present,
    Route,
    Service,
    Tier,
    UndoStep,
)
from .state_reference import Reference, faults_of_references, parsed, references_of

__all__ = [
    "Body",
    "Effect",
    "JsonObject",
    "JsonValue",
    "Operation",
    "PanelUse",
    "Parameter",
    "Present",
    "Reference",
    "Route",
    "Service",
    "Tier",
    "UndoStep",
    "faults_of_references",
    "load_operations",
    "load_own_operations",
    "operations_by_tool",
    "operations_that_name",
    "parsed",
    "references_of",
]
