"""Make keys for the callers of a server that is served over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..http.keys import add_key
from ..http.settings import HttpSettings
from ..protocol.principal import READ
from ..settings.settings_error import SettingsError

__all__ = ["new_key"]


def new_key(http: HttpSettings, name: str, scopes: Sequence[str], groups: Sequence[str]) -> int:
    """Add a key to the file of keys and print it, this once. Gives the exit status.

    Raises:
        SettingsError: no file is named, it cannot be written, or a group has a name that it cannot hold.
    """
    if http.keys is None:
        raise SettingsError("DOCREVIEW_KEYS: expected the file with the keys, such as /etc/docreview/keys")
    key = add_key(http.keys, name, frozenset((READ, *scopes)), groups)
    click.echo(
        f"Added to {http.keys}. The key is not shown again; the file contains only its hash.", err=True
    )
    click.echo(key)
    return 0
