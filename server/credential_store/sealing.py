"""Credentials as they are stored: encrypted, and of no use but for the caller they were sealed for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from pydantic import SecretStr

from ..services.account import Account
from ..shared.sealing import Seal

__all__ = ["CannotOpen", "CredentialSeal"]

_PURPOSE = "docreview credentials 1"
_NAMES = ("nanonets_api_key", "studio_token", "studio_email", "studio_password")


class CannotOpen(Exception):  # noqa: N818 - what is stored, not a programming error
    """What is stored was not sealed for this caller, or with none of the keys."""


class CredentialSeal:
    """Seals credentials with the newest of these keys of 32 bytes, and opens those of any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._seal = Seal(keys, _PURPOSE)

    def sealed(self, subject: str, account: Account) -> str:
        """The credentials, good for this caller only."""
        held = {name: _plain(getattr(account, name)) for name in _NAMES}
        return self._seal.sealed(subject, json.dumps({name: value for name, value in held.items() if value}))

    def opened(self, subject: str, sealed: str) -> tuple[Account, bool]:
        """The credentials that were sealed for this caller, and whether it was with the newest key.

        Raises:
            CannotOpen: they were sealed for another one, with an unknown key, or were changed.
        """
        found = self._seal.opened(subject, sealed)
        if found is None:
            raise CannotOpen
        return _account_of(json.loads(found.text)), found.is_of_newest


def _plain(value: SecretStr | str | None) -> str | None:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _account_of(held: dict[str, Any]) -> Account:
    def secret(name: str) -> SecretStr | None:
        return SecretStr(held[name]) if name in held else None

    return Account(
        secret("nanonets_api_key"),
        secret("studio_token"),
        cast("str | None", held.get("studio_email")),
        secret("studio_password"),
        "store",
    )
