"""Keep secrets out of everything that leaves the server: results, errors and logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import cast

from ..schemas import (
    JsonObject,
    JsonValue,
    Operation,
    Service,
    load_operations,
    load_own_operations,
    operations_that_name,
)
from .hidden_characters import without_invisible

__all__ = [
    "REMOVED",
    "masked",
    "may_hold_secret_properties",
    "may_name_secret_properties",
    "secret_arguments",
    "without_secret_properties",
    "without_secret_text",
    "without_secrets",
]

REMOVED = "[secret removed]"
"""What stands in a result where a secret stood. It is refused as an argument."""

_TOKEN = re.compile(r"(?<![\w-])(?=([\w-]*?)eyJ[\w-]{8})[\w-]++\.[\w-]{8,}+\.[\w-]+")
"""A JSON Web Token, whatever stands before it in the same word. Takes time in proportion to the text."""
_SHORTEST_NUMBER = 5
"""A shorter number is more likely an id than a secret, and without its id an item cannot be called."""

_MAX_BACKSLASHES = 64
"""The most before a quote, as in JSON that is six times inside JSON; a run of others must not take long."""

_UNPRINTED = bytes(byte for byte in range(256) if not 32 <= byte < 127)
"""In UTF-8, the bytes of control characters and of all that is not ASCII, which may stand inside a token."""
_HEADER = re.compile(r"(\bBearer(?: |\+|%20))[\w.~+/=%-]{8,}|(\bBasic(?: |\+|%20))[\w+/%-]{16,}={0,2}")
"""The credentials of a header. Looked for in errors and logs only: documents may hold such words."""

# fmt: off
_OUR_KEYS = frozenset(
    {
        "docreview", "error", "code", "message", "status", "retryable", "done", "next", "outside",
        "hidden_characters_removed", "cut", "left_out", "where", "rest", "more_places", "items_shown",
        "items_in_all", "characters_shown", "characters_in_all", "entries_shown", "entries_in_all", "entry",
        "entries", "undoable", "not_undoable", "undo_leaves", "journal", "confirm", "expires_in_seconds",
        "summary", "calls", "tool", "arguments", "about", "fingerprint", "caller", "session", "user",
        "host", "before", "before_known", "reason", "undoes", "until", "address", "outcome", "after",
        "after_known", "answer", "undo", "operation",
    }
)
# fmt: on
"""Keys that docreview itself writes. A short secret that is one of these words must not spoil them."""


@cache
def _secret_names(service: Service) -> dict[str, bool]:
    """The property names that some answer of a service marks as secret → whether the secret is a text."""
    answers = (each.response for each in operations_that_name("secret") if each.service == service)
    return {name: text for answer in answers if answer is not None for name, text in _flagged(answer)}


@cache
def secret_arguments(operation: Operation) -> frozenset[str]:
    """The request properties of an operation that are secret, such as a password."""
    return frozenset(name for body in operation.bodies for name, _ in _flagged(body.schema))


def may_hold_secret_properties(service: Service, text: str) -> bool:
    """Whether JSON text names a secret property anywhere, so that a closer look is needed."""
    return any(
        name in text and (f'"{name}":' in text or f"{name}\\" in text) for name in _secret_names(service)
    )


def may_name_secret_properties(service: Service, body: str) -> bool:
    """The same of JSON as a service writes it, with blanks and escapes anywhere."""
    return "\\u" in body or any(name in body for name in _secret_names(service))


def without_secret_properties(service: Service, value: JsonValue) -> JsonValue:
    """A copy of an answer in which the value of every secret property is replaced by `REMOVED`.

    Where the secret is a text, an object or a list of objects under the same name is something else, such
    as a field of a form that is called `token`, and stays. In texts, JSON inside JSON is looked through too.
    """
    names = _secret_names(service)

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if isinstance(value, str):
            return without_secret_text(service, value) if '"' in value else value
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
    """Text that holds JSON, itself perhaps inside JSON, without the values of secret properties."""
    return _property_in_text(service).sub(rf"\g<start>{REMOVED}\g<end>", text)


@cache
def _property_in_text(service: Service) -> re.Pattern[str]:
    """Matches a secret property with its text, in marks that may be escaped however often."""
    names = "|".join(map(re.escape, _secret_names(service)))
    return re.compile(
        rf'(?P<start>(?P<mark>\\{{0,{_MAX_BACKSLASHES}}}")(?:{names})(?P=mark)\s*:\s*(?P=mark))(?:(?!(?<!\\)(?P=mark)).)*(?P<end>(?P=mark)|$)',
        re.DOTALL,
    )


def masked(value: JsonValue, text: str, known: Sequence[str]) -> JsonValue:
    """`value`, whose JSON is `text`, without known secrets and tokens in any of its texts and keys."""
    from .secret_forms import forms_of

    found = forms_of(tuple(known), REMOVED).found_in(text)
    if found is None and not _may_hold_token(text):
        return value
    numbers = {secret for secret in known if len(secret) >= _SHORTEST_NUMBER}

    def cleaned(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return without_token(found.removed_from(value) if found else value)
        if isinstance(value, list):
            return [cleaned(entry) for entry in value]
        if isinstance(value, dict):
            return {cleaned_key(key): cleaned(entry) for key, entry in value.items()}
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in numbers:
            return REMOVED
        return value

    def cleaned_key(key: str) -> str:
        shown = without_token(found.removed_from(key) if found else key)
        return key if shown != key and key in _described_names() else shown

    return cleaned(value)


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """A message or log line without the known secrets, tokens and the credentials of headers."""
    from .secret_forms import forms_of

    shown = without_token(forms_of(tuple(known), REMOVED).removed_from(text))
    if "Bearer" not in shown and "Basic" not in shown:
        return shown
    return _HEADER.sub(lambda match: f"{match[1] or match[2]}{REMOVED}", shown)


def without_token(text: str) -> str:
    """A text without JSON Web Tokens, also where characters that nobody sees split them."""
    shown = without_invisible(text)
    cleaned = _TOKEN.sub(lambda match: f"{match[1]}{REMOVED}", shown) if "eyJ" in shown else shown
    return text if cleaned == shown else cleaned


def _may_hold_token(text: str) -> bool:
    """Whether a token may begin in the text, for a closer look."""
    return "J" in text and b"eyJ" in text.encode("utf-8", "surrogatepass").translate(None, _UNPRINTED)


@cache
def _described_names() -> frozenset[str]:
    """The names that documents describe, and those that docreview writes: such a key is no secret."""
    operations = [*load_operations().values(), *load_own_operations().values()]
    schemas = [each.response for each in operations if each.response is not None]
    schemas += [body.schema for each in operations for body in each.bodies]
    parameters = {parameter.name for each in operations for parameter in each.parameters}
    return frozenset({*_OUR_KEYS, *parameters, *(name for each in schemas for name in _property_names(each))})


def _property_names(schema: JsonValue) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for entry in schema.values():
            yield from _property_names(entry)


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
