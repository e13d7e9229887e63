"""Ids that are not what they look like, such as one with a slash or a character that nobody sees.

A service may well take them for another id, to which a rule of the policy applies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..json_text import shortened
from ..untrusted import without_hidden
from .arguments import arguments_of, is_id
from .id_spelling import bare_key, decoded

__all__ = ["disguised_ids", "is_plain_id"]

_MAX_SHOWN = 80
_EXPECTED = "an id without slashes, backslashes, control or invisible characters, percent-encoded or not"
_OTHER_NAMES = frozenset({"modelid", "model"})
"""Arguments, in lower case, that hold an id, or a name in place of one, and do not sound so."""
_OPEN = frozenset({"workflowid", "modelid", "projectid", "bodyprojectid", "baseid"})
"""The keys, by their letters, that mean such an id in an object without described properties too."""


def disguised_ids(operation: Operation, values: JsonObject) -> Iterator[str]:
    """The faults of all ids among the arguments, inside lists and objects too."""
    schemas = {each.name: each.schema for each in arguments_of(operation) if each.location != "guard"}
    for name, value in values.items():
        if schema := schemas.get(name):
            yield from _faults(name, value, schema, is_an_id=_holds_id(name))


def is_plain_id(value: JsonValue) -> bool:
    """Whether a value can be an id: a number, or a text that is only what it looks like, decoded too."""
    if not isinstance(value, str):
        return True
    value = decoded(value)
    if value in (".", "..") or "/" in value or "\\" in value:
        return False
    # Of what is not printable, only a blank is seen for what it is.
    return value.isprintable() and not without_hidden(value)[1]


def _faults(where: str, value: JsonValue, schema: JsonObject, *, is_an_id: bool) -> Iterator[str]:
    if isinstance(value, list):
        items = cast("JsonObject", schema.get("items") or {})
        for index, entry in enumerate(value):
            yield from _faults(f"{where}.{index}", entry, items, is_an_id=is_an_id)
    elif isinstance(value, dict):
        described = schema.get("properties")
        properties = cast("Mapping[str, JsonObject]", described if isinstance(described, dict) else {})
        for key, entry in value.items():
            # What only the caller knows may be called an id and be any text, such as an attribute of a text.
            known = _holds_id(key) if key in properties else bare_key(key) in _OPEN
            yield from _faults(f"{where}.{key}", entry, properties.get(key, {}), is_an_id=known)
    elif is_an_id and not is_plain_id(value):
        # Escaped, so that what nobody sees can be seen.
        yield f"{where}: got {shortened(json.dumps(value), _MAX_SHOWN)}, expected {_EXPECTED}"


def _holds_id(name: str) -> bool:
    return is_id(name) or name.lower() in _OTHER_NAMES
