"""Names of fields and columns as they are compared."""

from __future__ import annotations

import unicodedata

__all__ = ["plain_name"]


def plain_name(name: str) -> str:
    """A name as it is compared: its letters and digits without case and accents, `%` as a word."""
    spelled = unicodedata.normalize("NFKD", name.replace("%", " percent ")).casefold()
    words = "".join(
        letter if letter.isalnum() else " " for letter in spelled if not unicodedata.combining(letter)
    )
    return "_".join(words.split())
