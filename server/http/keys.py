"""The file of keys by which callers are known: a line for each key, with its hash instead of the key."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex, token_urlsafe

from ..protocol.principal import SCOPES, Principal
from ..settings.settings_error import SettingsError

__all__ = ["KeyFile", "add_key"]

_log = logging.getLogger(__name__)

_PREFIX = "docreview_"
_ID = r"[a-z0-9][a-z0-9-]{0,79}"
_KEY = re.compile(rf"{_PREFIX}(?P<id>{_ID})_(?P<secret>[\w-]{{43}})", re.ASCII)
_LINE = re.compile(rf"(?P<id>{_ID})\s+(?P<hash>[0-9a-f]{{64}})\s+(?P<rights>[\w:,./-]+)(?:\s+(?P<name>.*))?")
_WANTED = "expected an id, the SHA-256 of the key in hex, comma-separated scopes, and a name"
_GROUP = "group:"
"""Stands before a group among the scopes of a line."""

_GROUP_NAME = re.compile(r"[\w./-]{1,80}", re.ASCII)
_NO_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class _StoredKey:
    """One line of the file."""

    id: str
    hash: bytes
    scopes: frozenset[str]
    groups: frozenset[str]


class KeyFile:
    """The keys in a file, read anew whenever the file changes. A line with a fault lets nobody in.

    Raises:
        SettingsError: the file cannot be read or has a fault when the server starts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._seen = self._version()
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = (error.strerror or "") if isinstance(error, OSError) else "it is not UTF-8"
            raise SettingsError(f"DOCREVIEW_KEYS: {path} cannot be read ({why.lower()})") from None
        self._keys: Mapping[str, _StoredKey]
        self._keys, faults = _keys_in(text)
        if faults:
            raise SettingsError(f"DOCREVIEW_KEYS: {path}: {faults[0]}")

    def principal(self, key: str) -> Principal | None:
        """Whose key this is; None if it is nobody's."""
        self._refresh()
        found = _KEY.fullmatch(key)
        stored = self._keys.get(found["id"]) if found is not None else None
        # Compared in any case, so that the time tells nothing of which ids exist.
        is_same = hmac.compare_digest(_hash(key), stored.hash if stored is not None else _NO_KEY)
        if stored is None or not is_same:
            return None
        return Principal(stored.id, stored.scopes, stored.groups)

    def holder(self, identity: str) -> Principal | None:
        """The caller with the key of this id; None if it is not in the file any more."""
        self._refresh()
        stored = self._keys.get(identity)
        return Principal(stored.id, stored.scopes, stored.groups) if stored is not None else None

    def _refresh(self) -> None:
        try:
            version = self._version()
            if version == self._seen:
                return
            self._seen = version
            self._keys, faults = _keys_in(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            if self._keys:
                _log.error("the file of keys cannot be read, so no key is valid: %s", type(error).__name__)
            self._keys, self._seen = {}, (0, 0, 0)
            return
        for fault in faults:
            _log.error("the file of keys: %s", fault)

    def _version(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def add_key(path: Path, name: str, scopes: frozenset[str], groups: Sequence[str] = ()) -> str:
    """Make a key, add its line to the file, which is made where there is none, and give the key.

    Raises:
        SettingsError: the file cannot be written, or a group has a name that it cannot hold.
    """
    for group in groups:
        if not _GROUP_NAME.fullmatch(group):
            raise SettingsError(
                f"--group: got {group[:80]!r}, expected at most 80 letters, digits and . _ / -"
            )
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "key"
    identity = f"{slug}-{token_hex(4)}"
    key = f"{_PREFIX}{identity}_{token_urlsafe(32)}"
    rights = [scope for scope in SCOPES if scope in scopes] + [f"{_GROUP}{group}" for group in groups]
    granted = ",".join(rights)
    line = f"{identity} {_hash(key).hex()} {granted} {' '.join(name.split())}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            end = stream.seek(0, os.SEEK_END)
            is_open = end > 0 and (stream.seek(end - 1) or True) and stream.read(1) != b"\n"
            stream.write((b"\n" if is_open else b"") + line.encode())
    except OSError as error:
        raise SettingsError(f"DOCREVIEW_KEYS: {path} cannot be written ({error.strerror})") from None
    return key


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _keys_in(text: str) -> tuple[Mapping[str, _StoredKey], list[str]]:
    """The keys by id, and what is wrong with other lines."""
    keys: dict[str, _StoredKey] = {}
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        rights = frozenset(found["rights"].split(",")) if found is not None else frozenset[str]()
        groups = frozenset(each.removeprefix(_GROUP) for each in rights if each.startswith(_GROUP))
        scopes = frozenset(each for each in rights if not each.startswith(_GROUP))
        if found is None:
            faults.append(f"line {number}: {_WANTED}")
        elif unknown := sorted(scopes - set(SCOPES)):
            faults.append(f"line {number}: got the scope {unknown[0]}, expected {' or '.join(SCOPES)}")
        elif found["id"] in keys:
            faults.append(f"line {number}: the id {found['id']} is already used above")
        else:
            keys[found["id"]] = _StoredKey(found["id"], bytes.fromhex(found["hash"]), scopes, groups)
    return keys, faults
