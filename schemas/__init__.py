"""What the two services are: their operations, read off the OpenAPI documents in `openapi/`."""

from .catalog import load_operations
from .operation import Body, Effect, JsonObject, JsonValue, Operation, Parameter, Route, Service, Tier

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
    "load_operations",
]
