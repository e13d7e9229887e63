"""Sentences of hotel reviews and product feedback, by subject and label, from the JSON file beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = [
    "CITIES",
    "HOTEL",
    "HOTELS",
    "HOTEL_CLOSERS",
    "HOTEL_GERMAN",
    "HOTEL_GERMAN_CLOSERS",
    "HOTEL_GERMAN_OPENERS",
    "HOTEL_OPENERS",
    "HOTEL_STRANGERS",
    "PRODUCT",
    "PRODUCTS",
    "PRODUCT_GERMAN",
    "PRODUCT_GERMAN_OPENERS",
    "PRODUCT_OPENERS",
    "PRODUCT_STRANGER",
]

_TEXTS: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

CITIES: list[str] = _TEXTS["cities"]
HOTEL: dict[str, dict[str, list[str]]] = _TEXTS["hotel"]
HOTELS: list[str] = _TEXTS["hotels"]
HOTEL_CLOSERS: dict[str, list[str]] = _TEXTS["hotel_closers"]
HOTEL_GERMAN: dict[str, dict[str, list[str]]] = _TEXTS["hotel_german"]
HOTEL_GERMAN_CLOSERS: dict[str, list[str]] = _TEXTS["hotel_german_closers"]
HOTEL_GERMAN_OPENERS: list[str] = _TEXTS["hotel_german_openers"]
HOTEL_OPENERS: list[str] = _TEXTS["hotel_openers"]
HOTEL_STRANGERS: dict[int, str] = {int(number): text for number, text in _TEXTS["hotel_strangers"].items()}
"""Texts that hold instructions for an agent, by the number of the document that they stand in."""
PRODUCT: dict[str, dict[str, list[str]]] = _TEXTS["product"]
PRODUCTS: list[str] = _TEXTS["products"]
PRODUCT_GERMAN: dict[str, dict[str, list[str]]] = _TEXTS["product_german"]
PRODUCT_GERMAN_OPENERS: list[str] = _TEXTS["product_german_openers"]
PRODUCT_OPENERS: list[str] = _TEXTS["product_openers"]
PRODUCT_STRANGER: str = _TEXTS["product_stranger"]
