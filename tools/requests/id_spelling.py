"""One spelling for an id, so that what is known of it is found however a caller writes it.

Services that keep UUIDs take them in capitals, without dashes or with others, in braces or after `urn:uuid:`
as well. What stands in between may decode an address twice, or take the digits of another script for ours.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

__all__ = ["bare_key", "decoded", "one_spelling"]

_NOT_IN_KEYS = re.compile(r"[^a-z]+")
_NOT_IN_UUIDS = re.compile(r"[^0-9a-z]+")
_UUID = re.compile(r"(?:urn)?(?:uuid)?([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")
_USUAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAX_DECODINGS = 4


def one_spelling(identity: str) -> str:
    """The id decoded, in plain characters, without blanks around; a UUID in small letters with its dashes."""
    if _USUAL.fullmatch(identity):
        return identity  # most ids are, and a document may have thousands
    text = _in_plain_characters(decoded(identity)).strip()
    found = _UUID.fullmatch(_NOT_IN_UUIDS.sub("", text.casefold()))
    return "-".join(found.groups()) if found else text


def bare_key(key: str) -> str:
    """A key by its letters alone: projectId and project-id are project_id."""
    return _NOT_IN_KEYS.sub("", key.casefold())


def decoded(text: str) -> str:
    """A text as it is after whatever decodes percent signs, several times too."""
    for _ in range(_MAX_DECODINGS):
        text, before = unquote(text), text
        if text == before:
            break
    return text


def _in_plain_characters(text: str) -> str:
    """A text with compatible characters, such as wide ones, and the digits of all scripts as plain ones."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(each, each)) for each in plain)
