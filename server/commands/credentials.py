"""Store credentials for single callers of a server that is served over HTTP (DOCREVIEW_CREDENTIALS=store)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from ...tools.untrusted import one_line
from ..credential_store.store import CredentialStore, StoreFault, open_store
from ..services.account import Account
from ..settings.settings import Settings, read_settings
from ..settings.settings_error import SettingsError

__all__ = ["list_credentials", "remove_credentials", "set_credentials"]

Result = TypeVar("Result")

_FIELDS = {
    "NANONETS_API_KEY": "nanonets_api_key",
    "STUDIO_TOKEN": "studio_token",
    "STUDIO_EMAIL": "studio_email",
    "STUDIO_PASSWORD": "studio_password",
}
_MAX_SUBJECT = 500


def set_credentials(settings: Settings, subject: str) -> int:
    """Store credentials for a caller, read from a prompt or from stdin. Gives the exit status.

    Raises:
        SettingsError: there is no place to store them, no key to seal them, or they cannot be used.
    """
    store = open_store(settings)
    if not subject or len(subject) > _MAX_SUBJECT or not subject.isprintable():
        raise SettingsError(f"SUBJECT: expected 1 to {_MAX_SUBJECT} printable characters")
    account = _account_of(_prompted() if sys.stdin.isatty() else _lines(sys.stdin.read()))
    _using(store, lambda: store.put(subject, account))
    click.echo(f"Stored for {subject}: {' and '.join(account.services)} ({store.shown}).", err=True)
    return 0


def list_credentials(settings: Settings) -> int:
    """Print whose credentials are stored, for which services, and since when; no secret.

    Gives 1 if some of them cannot be opened.

    Raises:
        SettingsError: there is no place where they are stored, or it cannot be read.
    """
    store = open_store(settings)
    every = _using(store, store.every)
    for each in every:
        if each.account is None:
            what = "cannot be decrypted: sealed for another caller or with an unknown key"
        else:
            what = " and ".join(each.account.services)
            what += (
                "" if each.is_newest else ", sealed with an older key; set them again to use the newest key"
            )
        click.echo(f"{one_line(each.subject)}\t{each.changed}\t{what}")
    if not every:
        click.echo(f"No credentials are stored ({store.shown}).", err=True)
    return int(any(each.account is None for each in every))


def remove_credentials(settings: Settings, subject: str) -> int:
    """Forget the credentials of a caller. Gives 1 if there were none.

    Raises:
        SettingsError: there is no place where they are stored, or it cannot be written.
    """
    store = open_store(settings)
    was_there = _using(store, lambda: store.remove(subject))
    if not was_there:
        click.echo(
            f"No credentials are stored for {subject}; docreview-mcp credentials list shows whose are.",
            err=True,
        )
        return 1
    click.echo(
        f"Removed the credentials of {subject}. Running servers notice within half a minute.", err=True
    )
    return 0


def _using(store: CredentialStore, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except StoreFault as fault:
        raise SettingsError(f"DOCREVIEW_JOURNAL: {fault}") from None
    finally:
        store.close()


def _prompted() -> dict[str, str]:
    """What a person types, hidden but for the address; empty answers are left out."""
    click.echo("To leave a value empty, press Enter.", err=True)
    return {
        name: click.prompt(name, default="", show_default=False, hide_input=name != "STUDIO_EMAIL", err=True)
        for name in _FIELDS
    }


def _lines(text: str) -> dict[str, str]:
    """The values of lines `NAME=VALUE`."""
    given: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or name.strip() not in _FIELDS:
            # What stands there may be a secret, so it is not repeated.
            raise SettingsError(f"line {number}: expected NAME=VALUE with one of {', '.join(_FIELDS)}")
        given[name.strip()] = value
    return given


def _account_of(given: dict[str, str]) -> Account:
    """The credentials, checked as those of settings are.

    Raises:
        SettingsError: there are none, they are only half there, or one holds what none can have.
    """
    settings = read_settings(
        sandbox=False, **{field: given.get(name) or None for name, field in _FIELDS.items()}
    )
    account = Account(
        settings.nanonets_api_key,
        settings.studio_token,
        settings.studio_email,
        settings.studio_password,
        "store",
    )
    if settings.half_login:
        raise SettingsError(settings.half_login)
    if not account.services:
        raise SettingsError(f"expected lines NAME=VALUE with one or more of {', '.join(_FIELDS)}")
    return account
