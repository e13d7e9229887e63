"""The key that the review panel gets with a document: it says where a write came from, and gives no right.

It is sealed for one document and one user, so that nothing has to be kept of it. Whoever holds it can show
it, the model as well: the journal then says that the call carried a panel's key, which is all that it proves.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from ...schemas import JsonValue
from ..journal.entries import JournalFault
from .confirmation_codes import Codes

__all__ = ["PANEL_KEY", "PANEL_SECONDS", "browser_link", "is_from_panel", "new_panel_key"]

PANEL_KEY = "docreview/panel"
"""Under what a key stands in the `_meta` of a result, and of the calls that the panel makes."""

PANEL_SECONDS = 30 * 60
"""How long a key works."""

_SUBJECT = "panel key"
"""No operation has this name, so a key is never good as a confirmation code, nor the other way round."""

_MAX_CHARACTERS = 100


def new_panel_key(codes: Codes, user: str, document_id: str) -> str:
    """A key for the panel of this document; empty where the key that seals it cannot be read."""
    try:
        return codes.new_code([_SUBJECT, user], document_id)
    except JournalFault:
        return ""


def is_from_panel(codes: Codes, key: str, user: str, ids: Iterable[str]) -> bool:
    """Whether a key was given to this user's panel for one of the documents with these ids."""
    if not key or len(key) > _MAX_CHARACTERS:
        return False
    try:
        return any(codes.vouches(key, [_SUBJECT, user], each, seconds=PANEL_SECONDS) for each in ids)
    except JournalFault:
        return False


def browser_link(base: str, workflow_id: JsonValue, document_id: JsonValue) -> str:
    """The address of the panel in a browser, with a document if it is known; empty without a base."""
    if not base or not isinstance(workflow_id, str) or not isinstance(document_id, str):
        return base
    return f"{base}?{urlencode({'workflow_id': workflow_id, 'document_id': document_id})}"
