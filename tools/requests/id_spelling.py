"""One spelling for an id, so that what is known of it is found however a caller writes it.

Services that keep UUIDs take them in capitals, without dashes, in braces or after `urn:uuid:` as well.
"""

from __future__ import annotations

import re

__all__ = ["one_spelling"]

_UUID = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?"
)


def one_spelling(identity: str) -> str:
    """The id without blanks around it; a UUID in small letters with its dashes."""
    text = identity.strip()
    found = _UUID.fullmatch(text.casefold())
    return "-".join(found.groups()) if found else text
