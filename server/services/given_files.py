"""Files as people and hosts name and spell them: quoted paths, `file:` addresses, base64 of many kinds."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["decoded_base64", "found_path", "plain_name"]

_DATA_ADDRESS = re.compile(r"data:[^,]{0,200},", re.IGNORECASE)
_QUOTES = (('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("`", "`"))
_MAX_LISTED = 20_000
"""The most entries of a folder that are compared with a name."""


def decoded_base64(text: str) -> bytes:
    """The content: base64 in lines, as a data address, in the alphabet of addresses or without padding too.

    Raises:
        ValueError: it is no base64.
    """
    given = text.strip()
    if address := _DATA_ADDRESS.match(given):
        if not address[0].casefold().endswith(";base64,"):
            raise ValueError("a data address without base64")
        given = given[address.end() :]
        given = unquote(given) if "%" in given else given
    given = "".join(given.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(given + "=" * (-len(given) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def plain_name(name: str) -> str:
    """The name of a file without the folders before it, whichever system wrote them."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()


def found_path(given: str) -> Path:
    """The file that somebody means: the one of this name, or else the only one of a name that looks the same.

    Such a name differs in kinds of blanks, in Unicode form or in case. Where none or several do, the path
    stays as it was given.
    """
    path = Path(_unquoted(given)).expanduser()
    if path.exists():
        return path
    folder = path.parent
    if not folder.is_dir():
        return path
    wanted = _looks(path.name)
    alike = [each for each in _entries(folder) if _looks(each.name) == wanted]
    if len(alike) > 1:
        alike = [
            each for each in alike if _looks(each.name, with_case=True) == _looks(path.name, with_case=True)
        ]
    return alike[0] if len(alike) == 1 else path


def _entries(folder: Path) -> Iterator[Path]:
    try:
        for number, entry in enumerate(folder.iterdir()):
            if number == _MAX_LISTED:
                return
            yield entry
    except OSError:
        return


def _unquoted(given: str) -> str:
    """A path without the quotes around it, or the path of a `file:` address."""
    text = given.strip() if not Path(given).exists() else given
    for left, right in _QUOTES:
        if len(text) > 1 and text.startswith(left) and text.endswith(right):
            text = text[1:-1]
            break
    if not text.lower().startswith("file:"):
        return text
    address = urlsplit(text)
    if address.netloc not in ("", "localhost"):
        return text
    path = unquote(address.path)
    # An address of Windows holds its drive behind a slash.
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path


def _looks(name: str, *, with_case: bool = False) -> str:
    plain = unicodedata.normalize("NFKC", name)
    plain = " ".join(plain.split())
    return plain if with_case else plain.casefold()
