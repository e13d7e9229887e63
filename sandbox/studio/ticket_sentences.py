"""Sentences of support tickets, by topic and by urgency, from the JSON file beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = [
    "CLOSERS",
    "COMPANIES",
    "DETAILS",
    "GERMAN_CLOSERS",
    "GERMAN_GREETINGS",
    "GREETINGS",
    "NAMES",
    "STRANGERS",
    "TOPICS",
    "TOPICS_GERMAN",
    "URGENCY_HURRY",
    "URGENCY_PROBLEMS",
]

_TEXTS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

CLOSERS: list[str] = _TEXTS["closers"]
COMPANIES: list[str] = _TEXTS["companies"]
DETAILS: list[str] = _TEXTS["details"]
GERMAN_CLOSERS: list[str] = _TEXTS["german_closers"]
GERMAN_GREETINGS: list[str] = _TEXTS["german_greetings"]
GREETINGS: list[str] = _TEXTS["greetings"]
NAMES: list[str] = _TEXTS["names"]
STRANGERS: dict[int, str] = {int(number): text for number, text in _TEXTS["strangers"].items()}
"""Texts that hold instructions for an agent, by the number of the document that they stand in."""
TOPICS: dict[str, list[str]] = _TEXTS["topics"]
TOPICS_GERMAN: dict[str, list[str]] = _TEXTS["topics_german"]
URGENCY_HURRY: dict[str, list[str]] = _TEXTS["urgency_hurry"]
URGENCY_PROBLEMS: dict[str, list[str]] = _TEXTS["urgency_problems"]
