"""Whose credentials a call uses: those of the server, or those of the caller alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import SecretStr

from ...schemas import Service
from ..settings.settings import Settings

__all__ = ["Account", "CredentialSource"]

CredentialSource = Literal["host settings", "server settings", "headers", "store"]
"""Where credentials come from: settings that a host keeps for its one user, settings of a server for many
callers, the headers of a request, or what is stored for a caller."""


@dataclass(frozen=True)
class Account:
    """Credentials for the two services, as far as there are any. Two of the same are equal.

    `source` says where they come from; those of settings are shared by all callers of a server.
    """

    nanonets_api_key: SecretStr | None = None
    studio_token: SecretStr | None = None
    studio_email: str | None = None
    studio_password: SecretStr | None = None
    source: CredentialSource = "host settings"

    @classmethod
    def of_settings(cls, settings: Settings, *, is_local: bool) -> Account:
        """The credentials that stand in the settings of a server."""
        return cls(
            settings.nanonets_api_key,
            settings.studio_token,
            settings.studio_email,
            settings.studio_password,
            "host settings" if is_local else "server settings",
        )

    @property
    def is_own(self) -> bool:
        """Whether the credentials are those of one caller."""
        return self.source in ("headers", "store")

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The secret values in it."""
        every = (self.nanonets_api_key, self.studio_token, self.studio_password)
        return tuple(value for entry in every if entry is not None and (value := entry.get_secret_value()))

    @property
    def has_studio(self) -> bool:
        """Whether there is a token for Studio, or what to sign in with."""
        return self.studio_token is not None or bool(self.studio_email and self.studio_password)

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services for which there are credentials."""
        found: tuple[tuple[Service, bool], ...] = (
            ("nanonets", self.nanonets_api_key is not None),
            ("studio", self.has_studio),
        )
        return tuple(name for name, there in found if there)

    @property
    def own_ids(self) -> Mapping[str, str]:
        """Its ids if it is that of one caller; empty for a shared one."""
        return self.ids if self.is_own else {}

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """By service, what tells this account from others without giving it away.

        A password has no part in it, as it may be guessed: what is secret here is long and random.
        """
        token = self.studio_token.get_secret_value() if self.studio_token is not None else ""
        key = self.nanonets_api_key.get_secret_value() if self.nanonets_api_key is not None else ""
        return {
            "nanonets": _digest("nanonets", key),
            "studio": _digest("studio", token or self.studio_email or ""),
        }


def _digest(service: str, credential: str) -> str:
    return hashlib.sha256(f"docreview account {service} {credential}".encode()).hexdigest()[:16]
