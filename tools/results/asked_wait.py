"""How long an answer asks to wait before the next request, in all the ways in which servers say so."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import cast

from ...schemas import JsonValue
from .response import Response

__all__ = ["asked_wait"]

_MAX_SECONDS = 86_400.0
_UNREADABLE_SECONDS = 60.0
"""What is taken for a wait that nobody can read: the longest that Nanonets documents but two minutes."""

_HEADERS = ("retry-after", "x-retry-after", "retry-after-ms")
_RESET_HEADERS = ("x-ratelimit-reset-after", "ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
"""Read with a 429 only: they come with every answer of some servers."""

_KEYS = frozenset({"retryafter", "retryafterseconds", "retryin", "retryinseconds", "waitseconds"})
_MILLISECOND_KEYS = frozenset({"retryafterms", "retryinms"})
_MAX_LEVELS = 4
_FIRST_TIME_STAMP = 1_000_000_000
_MIN_MILLISECONDS = 100_000_000_000

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_UNIT = r"milliseconds?|millis|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_ONE = re.compile(rf"({_NUMBER})\s*({_UNIT})?", re.ASCII)
_DURATION = re.compile(rf"[+-]?(?:pt)?(?:{_NUMBER}\s*(?:{_UNIT})?[\s,]*)+", re.ASCII)
_WAIT_IN_TEXT = re.compile(
    rf"(?:retry|try again|try it again|wait|slow down)[^.!?\d]{{0,60}}?({_NUMBER})\s*({_UNIT})\b"
    rf"|retry[-_ ]?after\W{{1,5}}({_NUMBER})\b",
    re.ASCII,
)


def asked_wait(response: Response) -> float | None:
    """The seconds that an answer asks to wait, at most a day; None where it asks for none."""
    is_limit = response.status == 429
    for name in (*_HEADERS, *(_RESET_HEADERS if is_limit else ())):
        if text := response.headers.get(name, "").strip():
            seconds = _seconds(text, "ms" if name.endswith("-ms") else "")
            return _bounded(_UNREADABLE_SECONDS if seconds is None else seconds)
    if not is_limit and response.status != 503:
        return None
    found = _in_body(response)
    return None if found is None else _bounded(found)


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), _MAX_SECONDS)


def _seconds(text: str, unit: str = "") -> float | None:
    """Seconds from a number, a duration, a time stamp or a date; None for what is none of them."""
    asked = text.strip("\"' ").casefold()
    if len(asked) <= 100 and _DURATION.fullmatch(asked):
        return 0.0 if asked.startswith("-") else _duration(asked, unit)
    if asked.lstrip("+").isascii() and asked.lstrip("+").isdecimal():
        return _MAX_SECONDS
    return _until_date(text)


def _duration(asked: str, unit: str) -> float:
    """Several values that are separated by commas are those of several servers: the longest counts."""
    longest = 0.0
    for part in asked.split(","):
        parts = _ONE.findall(part)
        if len(parts) == 1 and not parts[0][1]:
            longest = max(longest, _plain(float(parts[0][0]), unit))
        else:
            longest = max(longest, sum(float(number) * _UNITS[_short(name)] for number, name in parts))
    return longest


def _plain(number: float, unit: str) -> float:
    """A number without a unit: seconds, or the time at which the wait is over."""
    if number < _FIRST_TIME_STAMP or unit:
        return number * _UNITS[unit]
    return (number / 1000 if number > _MIN_MILLISECONDS else number) - time.time()


def _short(unit: str) -> str:
    return "ms" if unit.startswith(("ms", "milli")) else unit[:1]


def _until_date(text: str) -> float | None:
    from datetime import UTC, datetime

    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = read(text)
            aware = date if date.tzinfo else date.replace(tzinfo=UTC)
            return (aware - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _in_body(response: Response) -> float | None:
    """What the body says, under a key for it or in a sentence."""
    try:
        body = cast("JsonValue", json.loads(response.text))
    except (ValueError, RecursionError):
        body = response.text[:2000]
    for name, value in _entries(body, _MAX_LEVELS):
        key = re.sub(r"[^a-z]", "", name.casefold())
        if (
            key not in _KEYS | _MILLISECOND_KEYS
            or isinstance(value, bool)
            or not isinstance(value, (int, float, str))
        ):
            continue
        seconds = _seconds(str(value), "ms" if key in _MILLISECOND_KEYS else "")
        return _UNREADABLE_SECONDS if seconds is None else seconds
    for _, value in _entries(body, _MAX_LEVELS):
        if isinstance(value, str) and (match := _WAIT_IN_TEXT.search(value[:2000].casefold())):
            number, unit, bare = match.groups()
            return float(bare or number) * _UNITS[_short(unit or "")]
    return None


def _entries(value: JsonValue, levels: int, name: str = "") -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, (dict, list)) and levels:
        named = value.items() if isinstance(value, dict) else ((name, entry) for entry in value)
        for key, entry in named:
            yield from _entries(entry, levels - 1, key)
    else:
        yield name, value
