"""How single entries of an answer are read: texts, numbers, confidence and status, in any of their forms.

What says something is taken for what it says; what cannot be read counts as unknown, never as good.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from ...schemas import JsonObject, JsonValue
from ..json_text import compact

__all__ = [
    "FAILED",
    "MODERATED",
    "UNVERIFIED",
    "VERIFIED",
    "confidence_of",
    "is_fine_status",
    "is_true",
    "lowest",
    "message_of",
    "number_of",
    "status_of",
    "text_of",
    "whole_number_of",
]

VERIFIED, UNVERIFIED, FAILED, MODERATED = "verified", "unverified", "failed", "moderated"

_FINE = {
    "success": "success",
    "successful": "success",
    "passed": "passed",
    "validation passed": "validation passed",
    "correctly predicted": "correctly_predicted",
    "pending": "pending",
    "not verified": UNVERIFIED,
    UNVERIFIED: UNVERIFIED,
    VERIFIED: VERIFIED,
    MODERATED: MODERATED,
}
"""The services' words for success, as they are compared and as they are written here."""

_FAILURES = frozenset({"failed", "failure", "validation failed"})
_CONFIDENCE_NAMES = ("confidence", "confidence_score", "score")
_STATUS_NAMES = ("verification_status", "validation_status")
_MESSAGE_NAMES = ("verification_message", "failed_validation")
_VALUE_NAMES = ("value", *_CONFIDENCE_NAMES)
_SHARE = re.compile(r"(?P<number>[\d.,]+(?:e[+-]?\d+)?)\s*(?P<percent>%|percent\b)?", re.IGNORECASE)
_OF = re.compile(r"(?P<part>[\d.,]+)\s*(?:/|of|out of)\s*(?P<whole>[\d.,]+)", re.IGNORECASE)
_MAX_ROUNDING = 1.001
"""Up to here a number above 1 is a share of 1 with a rounding error, beyond it one of 100."""


def text_of(value: JsonValue) -> str:
    """A value as text; an object or a list as its JSON, nothing as an empty text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return compact(value)
    return str(value)


def whole_number_of(value: JsonValue) -> int | None:
    """A whole number, which may come as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if isinstance(value, str) or number == value else None


def number_of(value: JsonValue) -> float | None:
    """A finite number, which may come as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def is_true(value: JsonValue) -> bool:
    """Whether a mark is set, in the spellings in which one comes."""
    if isinstance(value, str):
        return value.strip().casefold() in ("true", "yes", "on", "t", "y", "1", "1.0")
    return value is True or value == 1


def confidence_of(entry: JsonObject) -> float | None:
    """How sure the service is of a value, as a share of 1; None where it does not say so readably.

    It may come as a number from 0 to 1 or to 100, as text, as a percentage, or in a list or an object. Of
    several under different names the least counts.
    """
    return lowest(_share(entry[name]) for name in _CONFIDENCE_NAMES if entry.get(name) is not None)


def message_of(entry: JsonObject) -> str:
    """What a rule of the service found fault with; empty where it found nothing."""
    return next((text for name in _MESSAGE_NAMES if (text := text_of(entry.get(name)))), "")


def status_of(entry: JsonObject, table: JsonObject | None = None) -> str:
    """The status of a field, cell or box; a cell without one of its own has that of its table.

    Known words come in one spelling; any other one as the service wrote it. Of two that contradict each other
    the worse one counts, and a mark on a table says nothing of a cell that was changed.
    """
    own = _worst(entry)
    if own:
        return own
    inherited = _worst(table or {})
    if inherited == VERIFIED and is_true(entry.get("is_moderated")):
        return UNVERIFIED
    return inherited or UNVERIFIED


def _worst(entry: JsonObject) -> str:
    """The worst status that an entry has of its own; empty if it has none."""
    statuses = [text for key in _STATUS_NAMES if (text := text_of(entry.get(key)).strip())]
    words = [
        FAILED if _compared(each) in _FAILURES else _FINE.get(_compared(each), each) for each in statuses
    ]
    return next((each for each in words if not is_fine_status(each)), words[0] if words else "")


def is_fine_status(status: str) -> bool:
    """Whether a status means success; a word that is not known does not count as fine."""
    return _compared(status) in _FINE


@lru_cache(maxsize=500)
def _compared(word: str) -> str:
    return " ".join(re.split(r"[\s_-]+", word.strip().casefold()))


def _share(value: JsonValue, depth: int = 2) -> float | None:
    if isinstance(value, str):
        return _share_in_text(value.strip())
    if isinstance(value, dict | list) and depth:
        return _lowest_confidence(value, depth - 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _of_one_or_hundred(float(value)) if math.isfinite(value) else None


def _lowest_confidence(value: JsonObject | list[JsonValue], depth: int) -> float | None:
    """The least of several; None if one of them cannot be read, as it might be less."""
    if isinstance(value, dict):
        value = [value[name] for name in _VALUE_NAMES if value.get(name) is not None]
    return lowest(_share(each, depth) for each in value)


def lowest(shares: Iterable[float | None]) -> float | None:
    """The least of several shares; None if one of them is not known, as it might be less."""
    found = list(shares)
    readable = [share for share in found if share is not None]
    return min(readable) if readable and len(readable) == len(found) else None


def _share_in_text(text: str) -> float | None:
    if found := _OF.fullmatch(text):
        part, whole = _decimal(found["part"]), _decimal(found["whole"])
        if part is None or not whole:
            return None
        return part / whole if part <= whole else None
    found = _SHARE.fullmatch(text)
    number = _decimal(found["number"]) if found else None
    if found is None or number is None:
        return None
    if found["percent"]:
        return number / 100 if number <= 100 else None
    return _of_one_or_hundred(number)


def _decimal(text: str) -> float | None:
    """A number with a decimal point, or a decimal comma."""
    return number_of(text if "." in text else text.replace(",", "."))


def _of_one_or_hundred(number: float) -> float | None:
    if not 0 <= number <= 100:
        return None
    if number <= _MAX_ROUNDING:
        return min(number, 1.0)
    return number / 100
