"""Texts compared as people read them, not by their code points."""

from __future__ import annotations

import unicodedata

from ..hidden_characters import without_invisible

__all__ = ["comparable", "same_as_read"]


def comparable(text: str) -> str:
    """The text as it is searched: without case and invisible characters, blanks and letters in one form."""
    if text.isascii() and text.isprintable():
        return text.casefold()
    plain = unicodedata.normalize("NFKC", without_invisible(text)).casefold()
    return unicodedata.normalize("NFKC", plain)


def same_as_read(text: str, other: str) -> bool:
    """Whether two texts differ at most in kinds of blanks, invisible characters and composed letters."""
    return text == other or _as_read(text) == _as_read(other)


def _as_read(text: str) -> str:
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text)
    return unicodedata.normalize("NFC", without_invisible(spaced))
