"""Keep secrets out of everything that leaves the server: results, errors and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import cast

from ..schemas import JsonObject, JsonValue, Operation, Service, load_operations

__all__ = [
    "REMOVED",
    "masked",
    "may_hold_secret_properties",
    "secret_arguments",
    "without_secret_properties",
    "without_secret_text",
    "without_secrets",
]

REMOVED = "[secret removed]"
"""What stands in a result where a secret stood. It is refused as an argument."""

_LONG = 12
_SHORTEST = 4
_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+")
"""A JSON Web Token."""
_HEADER = re.compile(r"(?<=\bBearer )[\w.~+/=-]{8,}|(?<=\bBasic )[\w+/]{16,}={0,2}")
"""The credentials of a header. Looked for in errors and logs only: documents may hold such words."""


@cache
def _secret_names(service: Service) -> dict[str, bool]:
    """The property names that some answer of a service marks as secret → whether the secret is a text."""
    answers = (each.response for each in load_operations().values() if each.service == service)
    return {name: text for answer in answers if answer is not None for name, text in _flagged(answer)}


@cache
def secret_arguments(operation: Operation) -> frozenset[str]:
    """The request properties of an operation that are secret, such as a password."""
    return frozenset(name for body in operation.bodies for name, _ in _flagged(body.schema))


def may_hold_secret_properties(service: Service, text: str) -> bool:
    """Whether JSON text names a secret property anywhere, so that a closer look is needed."""
    return any(f'"{name}":' in text for name in _secret_names(service))


def without_secret_properties(service: Service, value: JsonValue) -> JsonValue:
    """A copy of an answer in which the value of every secret property is replaced by `REMOVED`.

    Where the secret is a text, an object or a list of objects under the same name is something else, such
    as a field of a form that is called `token`, and stays.
    """
    names = _secret_names(service)

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        return {key: REMOVED if is_secret(key, entry) else cleaned(entry) for key, entry in value.items()}

    def is_secret(key: str, entry: JsonValue) -> bool:
        if key not in names or not entry:
            return False
        if isinstance(entry, list) and names[key]:
            return all(isinstance(each, str) for each in entry)
        return not isinstance(entry, (bool, dict) if names[key] else bool)

    return cleaned(value)


def without_secret_text(service: Service, text: str) -> str:
    """Text that looks like JSON but cannot be read as such, without the values of secret properties."""
    names = "|".join(map(re.escape, _secret_names(service)))
    return re.sub(rf'("(?:{names})"\s*:\s*)"[^"]*"?', rf'\1"{REMOVED}"', text)


def masked(value: JsonValue, text: str, known: Sequence[str]) -> JsonValue:
    """`value`, whose JSON is `text`, without the known secrets and without tokens in any of its texts."""
    forms = {form for secret in known for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1])}
    if "eyJ" not in text and not any(form in text for form in forms):
        return value

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return _TOKEN.sub(REMOVED, _without_known(value, known))
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if isinstance(value, dict):
            return {_without_long(key, known): cleaned(entry) for key, entry in value.items()}
        if isinstance(value, int) and len(str(value)) >= _LONG and str(value) in known:
            return REMOVED
        return value

    return cleaned(value)


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """A message or log line without the known secrets, tokens and the credentials of headers."""
    return _HEADER.sub(REMOVED, _TOKEN.sub(REMOVED, _without_known(text, known)))


def _without_known(text: str, known: Iterable[str]) -> str:
    """A short secret is taken out only where it stands alone, so that it does not spoil other words."""
    for secret in known:
        if len(secret) < _SHORTEST or secret not in text:
            continue
        if len(secret) >= _LONG:
            text = text.replace(secret, REMOVED)
        else:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REMOVED, text)
    return text


def _without_long(key: str, known: Iterable[str]) -> str:
    return _TOKEN.sub(REMOVED, _without_known(key, (secret for secret in known if len(secret) >= _LONG)))


def _flagged(schema: JsonValue) -> Iterator[tuple[str, bool]]:
    if isinstance(schema, list):
        for entry in schema:
            yield from _flagged(entry)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    for name, entry in cast("JsonObject", properties if isinstance(properties, dict) else {}).items():
        ours = entry.get("x-docreview") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(ours, dict) and ours.get("secret"):
            yield name, entry.get("type") == "string"
    for entry in schema.values():
        yield from _flagged(entry)
