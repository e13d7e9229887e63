"""Check digits of identifiers, by python-stdnum, which is imported only when one is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

__all__ = ["IDENTIFIERS", "is_iban", "is_isbn", "is_lei", "is_vat_id"]

_AS_WRITTEN = "EL"
"""Greece writes its VAT ids with this instead of its country code."""


def is_iban(text: str) -> bool:
    """Whether it is an IBAN with right check digits."""
    from stdnum import iban

    return bool(iban.is_valid(text))


def is_lei(text: str) -> bool:
    """Whether it is a legal entity identifier with right check digits."""
    from stdnum import lei

    return bool(lei.is_valid(text))


def is_isbn(text: str) -> bool:
    """Whether it is an ISBN with a right check digit."""
    from stdnum import isbn

    return bool(isbn.is_valid(text))


def is_vat_id(text: str) -> bool:
    """Whether it is a VAT id of the country whose code it begins with, with right check digits."""
    from stdnum import get_cc_module
    from stdnum.eu import vat

    if vat.is_valid(text):
        return True
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    country = "GR" if plain.startswith(_AS_WRITTEN) else plain[:2]
    if not country.isalpha() or len(country) != 2:
        return False
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return False
    is_valid = cast("Callable[[str], bool]", module.is_valid)
    return is_valid(plain) or is_valid(plain[2:])


IDENTIFIERS: Mapping[str, Callable[[str], bool]] = {
    "iban": is_iban,
    "vat": is_vat_id,
    "lei": is_lei,
    "isbn": is_isbn,
}
"""What tells whether an identifier is right, by the name that expressions have for it."""
