"""The records that the journal consists of: chained by hash, written as canonical JSON, read as entries.

A record's hash covers the hash of the record before it, so that a record cannot be changed, taken out or
put in without breaking the chain from there on. With a key the hash is an HMAC, which nobody can make anew
without it; a plain hash anybody can.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from typing import Any, Literal, NamedTuple, cast

from ...schemas import JsonObject
from ...tools.journal.entries import Caller, Closing, Entry, JournalFault, Opening, Outcome, Undoing
from ...tools.redaction import masked

__all__ = [
    "FIRST",
    "UNREADABLE",
    "JournalKey",
    "Kind",
    "Record",
    "chained",
    "entry_of",
    "exported",
    "hash_of",
    "is_keyed",
    "misplaced",
    "now",
    "outcome_of",
    "payload_of",
    "user_of",
    "word",
    "words",
    "words_of_caller",
    "written",
]

Kind = Literal["opened", "closed"]

JournalKey = bytes
"""The secret by which a journal's records are chained."""

_KEYED = "hmac-sha256:"
"""How the hash of a record begins that is chained by a key."""

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr)
_PLAIN = json.JSONEncoder(ensure_ascii=False)
_OPENING = [field.name for field in fields(Opening)]
_CALLER = [field.name for field in fields(Caller)]
_CLOSING = [field.name for field in fields(Closing)]
_LISTS = {"about", "undo"}
_OF_EVERY_CALLER = ("host", "session", "user")
_OURS = ("tool", "fingerprint", "undoes", "until", "address", "outcome", "status", "via", "agreed")
"""What no stranger writes. A password that is one of our words or numbers must not spoil it."""


UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What reading a record raises that docreview did not write."""

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


class Record(NamedTuple):
    """One record. `number` counts from 1 without gaps; `entry` is the number of the opening record."""

    number: int
    entry: int
    kind: str
    at: str
    payload: str
    previous: str
    hash: str


FIRST = Record(0, 0, "", "", "", "", "0" * 64)
"""What the first record follows."""


def now() -> str:
    """The present time as records carry it: ISO 8601 in UTC with microseconds."""
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """A time as records carry it, so that times can be compared as texts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def payload_of(content: Opening | Closing, known_secrets: Sequence[str]) -> JsonObject:
    """What a record says, without the known secrets: the last line of defence, callers mask before."""
    names = _OPENING if isinstance(content, Opening) else _CLOSING
    plain: dict[str, Any] = {name: getattr(content, name) for name in names}
    if isinstance(content, Opening):
        caller = {name: getattr(content.caller, name) for name in _CALLER}
        plain["caller"] = {name: value for name, value in caller.items() if value or name in _OF_EVERY_CALLER}
    for name in _LISTS & plain.keys():
        plain[name] = list(plain[name])
    clean = cast("JsonObject", masked(plain, _PLAIN.encode(plain), known_secrets))
    return clean | {name: plain[name] for name in _OURS if name in plain}


def words(payload: JsonObject) -> set[str]:
    """Under what an entry can be found: hashes, as ids can be of any length and hold any character."""
    about = cast("list[str]", payload["about"])
    undoes = payload.get("undoes")
    return {
        *(word("about", each) for each in about),
        word("call", str(payload["fingerprint"])),
        *([word("undoes", str(undoes))] if undoes is not None else []),
        *words_of_caller(payload),
    }


def words_of_caller(payload: JsonObject) -> set[str]:
    """Those of the words that say by whom and by which tool, which early versions left out."""
    return {word("by", user_of(payload)), word("tool", str(payload["tool"]))}


def user_of(payload: JsonObject) -> str:
    """Whose write a record opens."""
    return str(cast("JsonObject", payload["caller"])["user"])


def word(what: Literal["about", "call", "undoes", "by", "tool"], value: str) -> str:
    """The hash under which entries about an id, of a call, undoing an entry, by a user or tool are found."""
    return sha256(_canonical_list([what, value])).hexdigest()[:32]


def chained(
    last: Record, entry: int | None, kind: Kind, payload: JsonObject, key: JournalKey | None = None
) -> Record:
    """The record that follows `last`. Without an `entry` it opens one.

    Raises:
        JournalFault: the last record was chained by a key that is not this one.
    """
    if is_keyed(last) and last.hash != hash_of(last, key):
        why = (
            "is not the key of its last record"
            if key
            else "is not set, but its last record was written with a key"
        )
        raise JournalFault(f"The journal cannot be written: DOCREVIEW_JOURNAL_KEY {why}.")
    number = last.number + 1
    text = _canonical(payload).decode("ascii")
    record = Record(number, entry or number, kind, now(), text, last.hash, "")
    return record._replace(hash=hash_of(record, key))


def is_keyed(record: Record) -> bool:
    """Whether a record's hash was made with a key."""
    return str(record.hash).startswith(_KEYED)


def hash_of(record: Record, key: JournalKey | None) -> str:
    """The hash that a record has to have: 64 hexadecimal digits, or with a key `hmac-sha256:` and base64."""
    covered = _canonical_list([record.previous, *record[:5]])
    if key is None:
        return sha256(covered).hexdigest()
    return _KEYED + urlsafe_b64encode(digest(key, covered, "sha256")).decode("ascii").rstrip("=")


def entry_of(records: Sequence[Record], undoing: Iterable[Entry] = ()) -> Entry:
    """The entry that its records describe, the opening one first; `undoing` are those that take it back.

    Raises:
        JournalFault: the records are broken.
    """
    opened = records[0]
    closed = records[-1] if len(records) > 1 else None
    try:
        given = _content_of(opened)
        caller = Caller(**_caller_of(given))
        del given["caller"]
        opening = Opening(**given, caller=caller)
        closing = Closing(**_content_of(closed)) if closed is not None else None
    except UNREADABLE:
        broken = f"entry {opened.entry} cannot be read; to locate the break, run docreview-mcp journal verify"
        raise JournalFault(f"The journal's {broken}.") from None
    return Entry(
        number=opened.entry,
        at=opened.at,
        opening=opening,
        closing=closing,
        closed_at=closed.at if closed else "",
        undoing=tuple(
            Undoing(each.number, each.opening.fingerprint, each.outcome)
            for each in undoing
            if each.outcome != "not done"
        ),
        outcome=outcome_of(opening, closing),
    )


def outcome_of(opening: Opening, closing: Closing | None) -> Outcome:
    """How a write ended; without a closing it is under way until the call is certainly over."""
    if closing is not None:
        return closing.outcome
    try:
        is_over = datetime.fromisoformat(opening.until) <= datetime.now(UTC)
    except (ValueError, TypeError):
        return "unknown"  # there is no such moment, or it does not say of which zone
    return "unknown" if is_over else "under way"


def misplaced(record: Record) -> str:
    """Why a record cannot stand where it does, as far as it shows by itself; empty if it can."""
    if record.kind not in ("opened", "closed"):
        return "is neither the opening nor the end of an entry"
    if type(record.entry) is not int or (record.entry == record.number) is not (record.kind == "opened"):
        return f"belongs to no entry, though it says that it is {record.kind}"
    try:
        _content_of(record)
    except UNREADABLE:
        return "cannot be read"
    return ""


def exported(records: Sequence[Record], entry: Entry) -> JsonObject:
    """An entry with its records; from these the hashes can be computed again."""
    readings: list[JsonObject] = [
        {**record._asdict(), "payload": json.loads(record.payload)} for record in records
    ]
    return {
        "entry": entry.number,
        "outcome": entry.outcome,
        "undone_by": entry.undone_by,
        "undo_unclear": [each.number for each in entry.undo_unclear],
        "records": list(readings),
    }


def _content_of(record: Record) -> dict[str, Any]:
    """What a record says, without what only a later version knows.

    Raises:
        Exception: one of `UNREADABLE`; docreview did not write it.
    """
    texts = (record.kind, record.at, record.payload, record.previous, record.hash)
    if any(type(each) is not str for each in texts) or datetime.fromisoformat(record.at).tzinfo is None:
        raise TypeError("record")
    is_opening = record.kind == "opened"
    found = _known(json.loads(record.payload), _OPENING if is_opening else _CLOSING)
    if is_opening:
        found["about"] = tuple(_every(found["about"], str))
        _caller_of(found)
    else:
        steps = _every(found["undo"], dict)
        found["undo"] = tuple(steps)
        for step in steps:
            if type(step["operation"]) is not str or type(step["arguments"]) is not dict:
                raise TypeError("undo")
    return found


def _caller_of(opening: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of who called."""
    return _known(opening["caller"], _CALLER)


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


def _canonical(value: object) -> bytes:
    """ASCII, so that no character of a document is one that a database cannot store.

    What a stranger put into the table may be no text; it is read so that it can be reported as a change.
    """
    return _ENCODER.encode(value).encode("ascii")


def _canonical_list(values: Iterable[object]) -> bytes:
    """The same of a list; its texts and whole numbers need none of what nested values do."""
    parts = (str(each) if type(each) is int else _ENCODER.encode(each) for each in values)
    return f"[{','.join(parts)}]".encode("ascii")
