"""Numbers as they are printed anywhere: digits of any script, any separators, amounts with their currency.

A text is read as exactly one number or not at all. `1.234` is one number in Berlin and another one in Boston,
so it is read only where the decimal mark is known, from the other numbers of its document or from a locale.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

__all__ = [
    "DecimalMark",
    "UnreadableError",
    "decimal_mark",
    "mark_of_groups",
    "read_amount",
    "read_number",
    "written_like",
]

DecimalMark = Literal["", ".", ","]
"""What stands before the decimals; empty where that is not known."""

_MAX_CHARACTERS = 60
_MINUS = frozenset("-‐‑‒–—−﹣－")
_APOSTROPHES = frozenset("'’‘`´ʼ＇")
_ARABIC = {"٫": ".", "٬": "'", "،": ","}
_GROUPS = "'"
_NUMBER = re.compile(
    r"(?P<open>\()?\s*(?P<first>[-+])?\s*(?P<before>[^\W\d_]{1,4}\.?|[^\W\d_]{0,3}\$)?\s*(?P<second>[-+])?\s*"
    r"(?P<digits>[.,]\d+|\d(?:[\d.,']*\d)?)(?:[.,][-–—]+)?"
    r"\s*(?P<third>[-+])?\s*(?P<after>%|[^\W\d_]{0,3}\$|[^\W\d_]{1,10}\.?)?\s*(?P<close>\))?"
)
_CREDIT = "cr"
_SPACES_AS_GROUPS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_MAX_MONEY_WORD = 6


class UnreadableError(ValueError):
    """A text cannot be read as what it should be. `text` is that text, which came from outside."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason)
        self.text = text


def read_number(text: str, mark: DecimalMark = "") -> Decimal:
    """The number that a text shows, with its sign; a unit or currency beside it is left aside.

    Raises:
        UnreadableError: it is empty, no number, or a different one depending on the decimal mark.
    """
    return _read(text, mark)[0]


def read_amount(text: str, mark: DecimalMark = "") -> tuple[Decimal, str]:
    """An amount of money and the currency symbol or code beside it, empty where there is none.

    Raises:
        UnreadableError: as in `read_number`, or what stands beside it is no currency.
    """
    number, beside = _read(text, mark)
    if len(beside) > _MAX_MONEY_WORD or beside == "%":
        raise UnreadableError("is not an amount of money", text)
    return number, beside


def decimal_mark(texts: Iterable[str]) -> DecimalMark:
    """The decimal mark that most of these texts prove; empty where none proves one."""
    found: Counter[DecimalMark] = Counter(mark for text in texts if (mark := _proven(text)))
    return found.most_common(1)[0][0] if found else ""


def mark_of_groups(texts: Iterable[str]) -> DecimalMark:
    """The decimal mark by which every text that may be two numbers, such as `1.234`, is one in thousands."""
    matches = (_NUMBER.fullmatch(_plain(text)[:_MAX_CHARACTERS]) for text in texts)
    digits = [match["digits"] for match in matches if match]
    groups = {"." if "." in each else "," for each in digits if _may_be_two(each)}
    return "" if len(groups) != 1 else ("," if "." in groups else ".")


def written_like(value: Decimal, text: str, mark: DecimalMark = "") -> str:
    """A number in the way in which another one is written: its separators and its decimals."""
    plain = _plain(text)
    seen: DecimalMark = _proven(text) or mark or "."
    match = _NUMBER.fullmatch(plain)
    digits = match["digits"] if match else ""
    whole, _, decimals = digits.rpartition(seen) if seen in digits else (digits, "", "")
    decimal_places = len(decimals) if decimals.isdigit() and digits != "" else 0
    needed = -int(value.normalize().as_tuple().exponent)
    shown = f"{value:,.{max(decimal_places, needed, 0)}f}"
    grouping = next((each for each in whole if not each.isdigit()), None)
    if grouping is None:
        grouping = "" if len(whole) > 3 else ("," if seen == "." else ".")
    return shown.replace(",", "\0").replace(".", seen).replace("\0", grouping)


def _read(text: str, mark: DecimalMark) -> tuple[Decimal, str]:
    plain = _plain(text)
    if not plain:
        raise UnreadableError("is empty", text)
    match = _NUMBER.fullmatch(plain) if len(plain) <= _MAX_CHARACTERS else None
    if match is None or (match["open"] is None) != (match["close"] is None):
        raise UnreadableError("is not a number", text)
    number = _decoded(match["digits"], mark, text)
    before, after = (match["before"] or "").strip("."), (match["after"] or "").strip(".")
    signs = [match[name] for name in ("first", "second", "third")]
    is_credit = after.casefold() == _CREDIT
    if match["open"] or "-" in signs or is_credit:
        number = -number
    return number, before or ("" if is_credit else after)


def _plain(text: str) -> str:
    """The text with digits, signs and separators in one form, and symbols of currencies as codes or `$`."""
    letters: list[str] = []
    for letter in unicodedata.normalize("NFKC", text).strip():
        digit = unicodedata.decimal(letter, None)
        category = unicodedata.category(letter)
        if digit is not None:
            letters.append(str(digit))
        elif letter in _MINUS:
            letters.append("-")
        elif letter in _APOSTROPHES:
            letters.append(_GROUPS)
        elif letter in _ARABIC:
            letters.append(_ARABIC[letter])
        elif category == "Zs" or letter in "\t\n\r":
            letters.append(" ")
        elif category == "Sc":
            letters.append(_WORD_OF_SYMBOL.get(letter, "$"))
        elif category not in ("Cf", "Cc"):
            letters.append(letter)
    return _SPACES_AS_GROUPS.sub(_GROUPS, " ".join("".join(letters).split()))


_WORD_OF_SYMBOL = {"€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₽": "RUB", "₴": "UAH", "₩": "KRW"}
"""Symbols that stand for one currency."""


def _proven(text: str) -> DecimalMark:
    """The decimal mark that a text shows beyond doubt."""
    match = _NUMBER.fullmatch(_plain(text)[:_MAX_CHARACTERS])
    digits = match["digits"] if match else ""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return "." if digits.rindex(".") > digits.rindex(",") else ","
    if points > 1 or commas > 1:
        return "," if points else "."
    if (points or commas) and not _may_be_two(digits):
        return "." if points else ","
    return ""


def _may_be_two(digits: str) -> bool:
    """Whether its only separator may be a decimal mark as well as one of groups, as in `1.234`."""
    if digits.count(".") + digits.count(",") != 1:
        return False
    mark = "." if "." in digits else ","
    whole, _, rest = digits.partition(mark)
    return len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0" and _GROUPS not in whole


def _decoded(digits: str, mark: DecimalMark, text: str) -> Decimal:
    points, commas = digits.count("."), digits.count(",")
    proven: str = ""
    if points or commas:
        if _may_be_two(digits):
            if not mark:
                raise UnreadableError("is ambiguous: the decimal mark is not known", text)
            proven = mark
        elif points and commas:
            proven = "." if digits.rindex(".") > digits.rindex(",") else ","
        elif points + commas == 1:
            proven = "." if points else ","
        else:
            proven = "," if points else "."
    whole, _, decimals = digits.partition(proven) if proven else (digits, "", "")
    groups = re.split(r"[.,']", whole)
    separators = {each for each in whole if not each.isdigit()}
    is_grouped = len(groups) == 1 or (
        len(separators) == 1
        and 1 <= len(groups[0]) <= 3
        and len(groups[-1]) == 3
        and all(len(group) in (2, 3) for group in groups[1:])
    )
    if not is_grouped or (decimals and not decimals.isdigit()):
        raise UnreadableError("is not a number", text)
    return Decimal(f"{''.join(groups) or '0'}.{decimals or '0'}")
