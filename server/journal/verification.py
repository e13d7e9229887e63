"""Whether the chain of records holds, by which key, and whether the index of words follows from it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .records import FIRST, UNREADABLE, JournalKey, Record, hash_of, is_keyed, misplaced, words

__all__ = ["Batch", "Verification", "verified"]

Batch = tuple[Sequence[Record], Sequence[tuple[int, str]]]
"""The next records, ordered by number, and what the index says (entry, word) up to the last of them.

The last batch has no record; its index is what there is beyond the last record.
"""


@dataclass(slots=True)
class Verification:
    """What a walk over the chain found.

    `count` records hold, the last of them with `last_hash`; `broken` tells the first break. `keyed` of them,
    from the number `keyed_from`, carry a hash that only the key can make; with `is_unchecked` the key was not
    at hand, so that only their order was checked. `index` tells how the index of words differs, and `counts`
    how the writes differ that are counted for limits. `expected_at` is the number of the record whose hash
    was expected, 0 if none has it.
    """

    count: int = 0
    last_hash: str = FIRST.hash
    broken: str = ""
    keyed: int = 0
    keyed_from: int = 0
    is_unchecked: bool = False
    index: str = ""
    counts: str = ""
    expected_at: int = 0


def verified(batches: Iterable[Batch], key: JournalKey | None, expected: str = "") -> Verification:
    """Walk over all records up to the first that breaks the chain."""
    found = Verification()
    last = FIRST
    opened: set[int] = set()
    for records, indexed in batches:
        for record in records:
            if broken := _break(last, record, key, found.keyed_from) or _misplaced(record, key, opened):
                found.broken = broken
                return found
            if record.number == record.entry:
                opened.add(record.number)
            found.count, found.last_hash = record.number, record.hash
            if is_keyed(record):
                found.keyed += 1
                found.keyed_from = found.keyed_from or record.number
                found.is_unchecked = key is None
            if record.hash == expected:
                found.expected_at = record.number
            last = record
        found.index = found.index or _difference(records, indexed)
    return found


def _break(last: Record, record: Record, key: JournalKey | None, keyed_from: int) -> str:
    """Why a record does not follow the last one; empty if it does."""
    number = last.number + 1
    if record.number < number:
        return f"record {record.number} precedes record 1, but every journal begins with record 1"
    if record.number > number:
        missing = f"record {number} is" if record.number == number + 1 else f"record {number} and more are"
        return f"{missing} missing before record {record.number}"
    if record.previous != last.hash:
        how = "one of the two was replaced, or the chain was forked"
        return f"record {number} does not follow from record {last.number}: {how}"
    if not is_keyed(record):
        if keyed_from:
            return (
                f"record {number} was written without the key that protects the records from {keyed_from} on"
            )
        return (
            ""
            if record.hash == hash_of(record, None)
            else f"record {number} was changed after it was written"
        )
    if key is not None and record.hash != hash_of(record, key):
        return f"record {number} was changed after it was written, or it was written with another key"
    return ""


def _misplaced(record: Record, key: JournalKey | None, opened: Collection[int]) -> str:
    """Why docreview did not write a record, though its hash is right; empty if it may have."""
    if is_keyed(record) and key is None:
        return ""
    why = misplaced(record)
    if not why and record.kind == "closed" and record.entry not in opened:
        why = f"is the end of entry {record.entry}, which was not opened before it"
    return f"record {record.number} {why}, so docreview did not write it" if why else ""


def _difference(records: Sequence[Record], indexed: Iterable[tuple[int, str]]) -> str:
    """The first entry of which the index says something else than its record; empty if there is none."""
    stored: dict[int, set[str]] = defaultdict(set)
    for entry, each in indexed:
        stored[entry].add(each)
    derived = {record.number: _words(record) for record in records if record.kind == "opened"}
    for entry in sorted(stored.keys() | derived.keys()):
        missing = len(derived.get(entry, set()) - stored.get(entry, set()))
        foreign = len(stored.get(entry, set()) - derived.get(entry, set()))
        if missing or foreign:
            return f"for entry {entry}, {missing} words are missing and {foreign} do not match its record"
    return ""


def _words(record: Record) -> set[str]:
    try:
        return words(json.loads(record.payload))
    except UNREADABLE:
        return set()  # its hash was not checked, for want of the key
