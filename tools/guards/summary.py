"""What a call would do, in words for a person. No text of others can pass for words of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

from ...schemas import JsonObject, JsonValue, Operation
from ..documents.field_state import FieldState, fields_in
from ..documents.readings import UNVERIFIED, VERIFIED
from ..documents.values import MIN_CONFIDENCE
from ..json_text import compact
from ..redaction import REMOVED, masked, secret_arguments
from ..requests.arguments import REASON, is_id
from ..untrusted import quoted, quoted_inside, shortened_sentence, without_hidden_in

__all__ = ["changes_in_words", "cleaned", "summary_of", "telling", "values_in_words"]

_MAX_ROWS = 900
_MAX_SUMMARY = 2_000
_MAX_NAMED = 8
_OF_NO_USE = ("bbox", "confidence", "image_url", "of", "raw_document_url", "url")
"""What says nothing to a person of what is about to be changed; nor do ids, which come last."""
_TEXTS = {"text", "value"}
_PLAIN_NAME = re.compile(r"[a-z_]+")


def summary_of(operation: Operation, arguments: JsonObject, present: JsonValue, name: str = "") -> str:
    """What a call would do with the present state, its reason last but for the ids."""
    secret = secret_arguments(operation)
    summary = {key: REMOVED if key in secret else _short(value) for key, value in arguments.items()}
    ids = {key: value for key, value in summary.items() if is_id(key)}
    reason = summary.pop(REASON, "")
    text = f"{operation.title}{f' {quoted(name)}' if name else ''}"
    if summary.keys() - ids.keys():
        text += f": {_listed({key: value for key, value in summary.items() if key not in ids})}"
    if present is not None:
        text += f". Current state: {_present(present)}"
    if reason:
        text += f". The agent's reason: {reason}"
    if ids:
        text += f". Ids: {_listed(ids)}"
    if len(text) > _MAX_SUMMARY:
        cut = shortened_sentence(text, _MAX_SUMMARY)
        text = f"{cut} ({len(text)} characters, the rest is not shown; change fewer items per call)"
    return f"{text}."


def values_in_words(fields: Sequence[FieldState]) -> JsonObject:
    """What a person needs to judge a whole document: how many values, and those that nobody can rely on."""
    open_values = [each for each in fields if not each.verified]
    open_values.sort(key=_doubt)
    summary: JsonObject = {"values": len(fields), "verified": len(fields) - len(open_values)}
    # With a number, since two values may have one name, and a name may equal one of the labels used here.
    for number, each in enumerate(open_values[:_MAX_NAMED], 1):
        summary[f"{number}. {each.name}:"] = f"{quoted_inside(each.text)} ({_standing(each)})"
    if len(open_values) > _MAX_NAMED:
        summary["more unverified values"] = len(open_values) - _MAX_NAMED
    return summary


def changes_in_words(page: JsonObject, boxes: JsonValue) -> JsonObject:
    """What a person needs to judge a v2 page that is written whole: what is changed, added and removed."""
    before = _values_of(page.get("moderated_boxes") or page.get("predicted_boxes"))
    left = {_key(each): each for each in before}
    changes: list[tuple[str, str]] = []
    for new in _values_of(boxes):
        old, text = left.pop(_key(new), None), quoted_inside(new.text)
        mark = f", mark as {VERIFIED if new.verified else UNVERIFIED}"
        if old is None:
            changes.append((new.name, f"add {text}{mark if new.verified else ''}"))
        elif (old.name, old.text, old.verified) != (new.name, new.text, new.verified):
            was = quoted_inside(old.text) + (f" of {quoted_inside(old.name)}" if old.name != new.name else "")
            changes.append((new.name, f"{was} → {text}{mark if old.verified != new.verified else ''}"))
    changes += [(each.name, f"remove {quoted_inside(each.text)}") for each in left.values()]
    # With a number, as in `values_in_words`.
    numbered: JsonObject = {f"{number}. {name}:": what for number, (name, what) in enumerate(changes, 1)}
    return {"values": len(before), "changed": len(changes), **numbered}


def _values_of(boxes: JsonValue) -> list[FieldState]:
    return fields_in({"moderated_boxes": boxes}) if boxes else []


def _key(state: FieldState) -> tuple[str, ...]:
    """By what a value is known again: its id, or its name and text where it has none."""
    return (state.id,) if state.id else (state.name, state.text)


def cleaned(value: JsonValue, secrets: Sequence[str]) -> JsonValue:
    """Without hidden characters first, as they could split a secret."""
    shown = without_hidden_in(value)[0]
    return masked(shown, compact(shown), secrets)


def telling(item: JsonObject) -> JsonObject:
    """The properties of an item that say something to a person."""
    return {
        key: value
        for key, value in item.items()
        if value not in (None, "", []) and key not in _OF_NO_USE and not is_id(key)
    }


def _doubt(state: FieldState) -> tuple[bool, float]:
    """The most doubtful first; what has no confidence comes between the doubtful and the others."""
    return (not state.failed, MIN_CONFIDENCE if state.confidence is None else state.confidence)


def _standing(state: FieldState) -> str:
    if state.failed:
        return "failed a check"
    if state.changed:
        return "changed, not verified"
    return "no confidence" if state.confidence is None else f"confidence {state.confidence:.2f}"


def _present(present: JsonValue) -> str:
    if not isinstance(present, dict):
        return _short(present)
    texts = {key: _short(value) for key, value in telling(present).items()}
    return _listed(texts) if texts else _short(present)


def _listed(texts: dict[str, str]) -> str:
    return ", ".join(
        f"{name if _PLAIN_NAME.fullmatch(name) else quoted(name)} {value}" for name, value in texts.items()
    )


def _short(value: JsonValue) -> str:
    """A number as it is; whatever may hold text in marks."""
    if rows := _rows(value):
        return shortened_sentence(rows, _MAX_ROWS, counted=True)
    count = f"{len(value)} entries " if isinstance(value, list) and len(value) > 1 else ""
    return count + (quoted(value) if isinstance(value, (str, list, dict)) else compact(value))


def _rows(value: JsonValue) -> str:
    """The cells of a table as rows; empty for what is no table."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) and "row" in entry for entry in value):
        return ""
    cells = cast("list[JsonObject]", value)
    if not any(_TEXTS & entry.keys() for entry in cells):
        return ""
    rows: dict[str, list[JsonObject]] = {}
    for cell in cells:
        rows.setdefault(_short(cell["row"]), []).append(cell)
    return "; ".join(f"row {number}: {_row(entries)}" for number, entries in rows.items())


def _row(cells: Iterable[JsonObject]) -> str:
    return " | ".join(quoted(str(cell.get("text", cell.get("value", "")))) for cell in cells)
