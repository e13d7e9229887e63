"""What a record says, if it is in the form in which docreview writes records: its file is open to others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from ...tools.journal.entries import Caller, Closing, Opening

if TYPE_CHECKING:
    from .records import Record

__all__ = ["OF_CALLER", "OF_CLOSING", "OF_OPENING", "UNREADABLE", "caller_of", "content_of", "misplaced"]

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a record raises that docreview did not write."""

OF_OPENING = [field.name for field in fields(Opening)]
OF_CALLER = [field.name for field in fields(Caller)]
OF_CLOSING = [field.name for field in fields(Closing)]

_NOTHING = type(None)
_FORM: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("tool", "fingerprint", "reason", "until", "address", "via", "agreed"), (str,)),
    **dict.fromkeys(("outcome", "request_id", "not_undoable", "message"), (str,)),
    **dict.fromkeys(("host", "session", "user", "replica", "request"), (str,)),
    **dict.fromkeys(("before_known", "after_known", "left_unverified"), (bool,)),
    **dict.fromkeys(("arguments", "caller", "accounts"), (dict,)),
    **dict.fromkeys(("about", "undo"), (list,)),
    **dict.fromkeys(("undoes", "status"), (int, _NOTHING)),
    "answer": (dict, _NOTHING),
}
"""The types of what a record holds. States can be of any."""


def content_of(record: Record) -> dict[str, Any]:
    """What a record says, without what only a later version knows.

    Raises:
        Exception: one of `UNREADABLE`; docreview did not write it.
    """
    texts = (record.kind, record.at, record.payload, record.previous, record.hash)
    if any(type(each) is not str for each in texts) or datetime.fromisoformat(record.at).tzinfo is None:
        raise TypeError("record")
    is_opening = record.kind == "opened"
    found = _known(json.loads(record.payload), OF_OPENING if is_opening else OF_CLOSING)
    if is_opening:
        found["about"] = tuple(_every(found["about"], str))
        caller_of(found)
    else:
        steps = _every(found["undo"], dict)
        found["undo"] = tuple(steps)
        for step in steps:
            if type(step["operation"]) is not str or type(step["arguments"]) is not dict:
                raise TypeError("undo")
    return found


def caller_of(opening: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of who called."""
    return _known(opening["caller"], OF_CALLER)


def misplaced(record: Record) -> str:
    """Why a record cannot stand where it does, as far as it shows by itself; empty if it can."""
    if record.kind not in ("opened", "closed"):
        return "is neither the opening nor the end of an entry"
    if type(record.entry) is not int or (record.entry == record.number) is not (record.kind == "opened"):
        return f"belongs to no entry, though it says that it is {record.kind}"
    try:
        content_of(record)
    except UNREADABLE:
        return "cannot be read"
    return ""


def _known(stored: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    found = {name: stored[name] for name in names if name in stored}
    for name, value in found.items():
        if name in _FORM and type(value) not in _FORM[name]:
            raise TypeError(name)
    return found


def _every(values: Any, kind: type) -> list[Any]:
    if any(type(each) is not kind for each in values):
        raise TypeError(kind.__name__)
    return cast("list[Any]", values)
