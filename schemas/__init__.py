"""What the two services are: their operations, read off the OpenAPI documents in `openapi/`."""

from .catalog import load_operations, load_own_operations, operations_by_tool
from .operation import (
    Body,
    Effect,
    JsonObject,
    JsonValue,
    Operation,
    Parameter,
    Present,
    Route,
    Service,
    Tier,
    UndoStep,
)

__all__ = [
    "Body",
    "Effect",
    "JsonObject",
    "JsonValue",
    "Operation",
    "Parameter",
    "Present",
    "Route",
    "Service",
    "Tier",
    "UndoStep",
    "load_operations",
    "load_own_operations",
    "operations_by_tool",
]
