"""The entry of this server in the configuration of a host, for a computer and its settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from ..settings.journal_place import journal_passwords
from ..settings.settings import Settings
from ..settings.texts import SETTING_TEXTS, is_secret, variables_of
from .edit import BrokenFile, CannotKeep, Edit
from .hosts import Host
from .machine import Machine

__all__ = ["ASKED_FOR", "HostEntry", "edits_for", "set_variables", "wanted_entry"]

ASKED_FOR = ("NANONETS_API_KEY", "STUDIO_EMAIL", "STUDIO_PASSWORD")
"""What an entry refers to where no credentials are set yet."""

_REMOTE = frozenset(("url", "uri", "serverUrl", "httpUrl"))
"""Keys of an entry for a server elsewhere. With a command beside them, some hosts read no file at all."""

_CREDENTIALS = frozenset((*ASKED_FOR, "STUDIO_TOKEN"))


@dataclass(frozen=True, slots=True)
class HostEntry:
    """The `entry`, what the host asks the user for (`inputs`), and the secrets that stay `outside`."""

    entry: Mapping[str, object]
    inputs: Sequence[Mapping[str, object]]
    stored_elsewhere: Sequence[str]


def set_variables(settings: Settings) -> dict[str, str]:
    """The variables that differ from their default, as the environment would hold them. Secrets are in it."""
    found: dict[str, str] = {}
    for name, variable in variables_of().items():
        value = getattr(settings, name)
        if name in settings.model_fields_set and value != Settings.model_fields[name].get_default(
            call_default_factory=True
        ):
            found[variable] = _text(value)
    return found


def wanted_entry(host: Host, machine: Machine, settings: Settings, *, with_secrets: bool) -> HostEntry:
    """What is to be in the file of a host. Secrets are in it only `with_secrets`."""
    given = set_variables(settings)
    has_credentials = settings.sandbox or bool(_CREDENTIALS & given.keys())
    secret_names = [
        name for name in given if is_secret(name) or (name == "DOCREVIEW_JOURNAL" and _has_password(given))
    ]
    if not has_credentials:
        secret_names += [name for name in ASKED_FOR if name not in given]
    if with_secrets:
        secret_names = [name for name in secret_names if name not in given]
    plain = {name: text for name, text in given.items() if name not in secret_names}
    command, arguments = machine.command()
    entry: dict[str, object] = {**host.constant, host.command_key: command, "args": arguments}
    environment = dict(plain)
    if host.secrets in ("reference", "prompt"):
        environment |= {name: _reference(host, name) for name in secret_names}
    if host.names_key and secret_names:
        entry[host.names_key] = list(secret_names)
    if environment:
        entry[host.environment_key] = environment
    asked = secret_names if host.secrets == "prompt" else ()
    inputs = [
        {
            "type": "promptString",
            "id": _id(name),
            "description": SETTING_TEXTS[name].title,
            "password": name != "STUDIO_EMAIL",
        }
        for name in asked
    ]
    stored_elsewhere = () if host.secrets == "prompt" else secret_names
    return HostEntry(entry, inputs, stored_elsewhere)


def edits_for(host: Host, wanted: HostEntry, there: Mapping[str, object]) -> list[Edit]:
    """What to change in a file that holds this.

    What the user added to the entry stays: keys that are not ours, other variables, and a credential for
    which there is only a reference to put in its place.

    Raises:
        BrokenFile: something other than an object or list is where the entry or its questions belong.
        CannotKeep: the entry is one of a remote server.
    """
    old = _object_at(there, host.path)
    if remote := sorted(_REMOTE & old.keys()):
        raise CannotKeep(f"{'.'.join(host.path)} is a remote server ({remote[0]}); remove or rename it first")
    entry = {**old, **wanted.entry}
    environment = cast("Mapping[str, object]", wanted.entry.get(host.environment_key, {}))
    kept = _kept(old.get(host.environment_key), environment, host)
    if merged := {**environment, **kept}:
        entry[host.environment_key] = merged
    else:
        entry.pop(host.environment_key, None)
    if host.names_key and host.names_key not in wanted.entry:
        entry.pop(host.names_key, None)
    edits = [Edit(host.path, entry)] if entry != old else []
    if wanted.inputs:
        listed = there.get("inputs", [])
        if not isinstance(listed, list):
            raise BrokenFile("inputs: expected a list")
        known = [_id_of(each) for each in cast("list[object]", listed)]
        missing = [each for each in wanted.inputs if each["id"] not in known]
        if missing:
            edits.append(Edit(("inputs",), missing, appends="inputs" in there))
    return edits


def _object_at(value: Mapping[str, object], path: Sequence[str]) -> Mapping[str, object]:
    for key in path:
        # YAML writes nothing where a mapping is still empty.
        inner: object = {} if value.get(key) is None else value[key]
        if not isinstance(inner, Mapping):
            raise BrokenFile(f"{key}: expected an object")
        value = cast("Mapping[str, object]", inner)
    return value


def _kept(old: object, new: Mapping[str, object], host: Host) -> dict[str, object]:
    """The variables of an old entry that stay as they are."""
    if not isinstance(old, Mapping):
        return {}
    known = set(variables_of().values())
    references = {name: _reference(host, name) for name in new} if host.reference else {}
    return {
        name: value
        for name, value in cast("Mapping[str, object]", old).items()
        if name not in known
        or (name in _CREDENTIALS and new.get(name, references.get(name)) == references.get(name))
    }


def _id_of(question: object) -> object:
    return cast("Mapping[str, object]", question).get("id") if isinstance(question, Mapping) else None


def _reference(host: Host, name: str) -> str:
    return host.reference.format(name=name, id=_id(name))


def _id(name: str) -> str:
    return f"docreview_{name.lower()}"


def _has_password(given: Mapping[str, str]) -> bool:
    return bool(journal_passwords(given.get("DOCREVIEW_JOURNAL")))


def _text(value: object) -> str:
    """A value as a variable holds it; a path holds wherever the host starts the server."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    if isinstance(value, tuple):
        parts = cast("tuple[object, ...]", value)
        is_paths = bool(parts) and all(isinstance(each, Path) for each in parts)
        return (os.pathsep if is_paths else ",").join(_text(each) for each in parts)
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)
