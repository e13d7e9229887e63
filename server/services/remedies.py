"""What helps where credentials are missing or refused, in the words of where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...schemas import Service
from ..settings.placeholders import unfilled
from .account import CredentialSource

__all__ = ["REMEDIES", "Remedy", "settings_remedy"]

_STUDIO = ("STUDIO_EMAIL", "STUDIO_PASSWORD", "STUDIO_TOKEN")
_RUNS = "The operator of this server"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Why there are no credentials for a service, what to do then, and what to do if they are refused.

    `variables`: the settings in which a host may have left a placeholder.
    """

    missing: Mapping[Service, str]
    after_missing: str
    after_refused: Mapping[Service, str]
    variables: Mapping[Service, tuple[str, ...]]

    def why_missing(self, service: Service) -> str:
        """Why there are none, in a few words."""
        held = unfilled(self.variables.get(service, ()))
        left = f" ({', '.join(held)}: still contains the host's placeholder)" if held else ""
        return f"{self.missing[service]}{left}"


_MISSING_SETTINGS: Mapping[Service, str] = {
    "nanonets": "NANONETS_API_KEY is not set",
    "studio": "STUDIO_EMAIL and STUDIO_PASSWORD are not set, and neither is STUDIO_TOKEN",
}
_VARIABLES: Mapping[Service, tuple[str, ...]] = {"nanonets": ("NANONETS_API_KEY",), "studio": _STUDIO}
_NAMES: Mapping[Service, str] = {
    "nanonets": "NANONETS_API_KEY",
    "studio": "STUDIO_EMAIL and STUDIO_PASSWORD, or STUDIO_TOKEN",
}


def _checks(who: str) -> Mapping[Service, str]:
    return {
        service: f"{who} has to check the credentials of this service ({names})."
        for service, names in _NAMES.items()
    }


_SET_BY_HEADER = "The user has to set this header for this server in the host's settings."
_STORES = f"{_RUNS} has to store them (docreview-mcp credentials set)."

REMEDIES: Mapping[CredentialSource, Remedy] = {
    "host settings": Remedy(
        _MISSING_SETTINGS,
        "The user has to set it in the host's settings for this server and restart the server, or start it"
        " with --sandbox to try it without an account.",
        _checks("The user"),
        _VARIABLES,
    ),
    "server settings": Remedy(
        _MISSING_SETTINGS,
        f"{_RUNS} has to set it; all callers share these credentials.",
        _checks(_RUNS),
        {},
    ),
    "headers": Remedy(
        {
            "nanonets": "the request has no header X-Nanonets-Api-Key",
            "studio": "the request has no header X-Studio-Token",
        },
        _SET_BY_HEADER,
        {
            "nanonets": "The user has to check the key in the header X-Nanonets-Api-Key.",
            "studio": "The user has to check the token in the header X-Studio-Token; it may have expired.",
        },
        {},
    ),
    "store": Remedy(
        {
            "nanonets": "no Nanonets API key is stored for this caller",
            "studio": "no Studio credentials are stored for this caller",
        },
        _STORES,
        dict.fromkeys(_NAMES, f"The credentials stored for this caller were refused. {_STORES}"),
        {},
    ),
}


def settings_remedy(*, is_local: bool) -> str:
    """What to do about a setting or the environment of the server."""
    if is_local:
        return (
            "The user has to correct or remove it in the host's settings for this server and restart the"
            " server."
        )
    return f"{_RUNS} has to correct or remove it and restart the server."
