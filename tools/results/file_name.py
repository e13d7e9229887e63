"""Names of files that every system takes."""

from __future__ import annotations

import re

__all__ = ["valid_everywhere"]

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE
)


def valid_everywhere(name: str) -> str:
    """The name without what Windows forbids: some signs, blanks and dots at its end, and names of devices."""
    plain = _FORBIDDEN.sub("-", name).strip().rstrip(". ")
    if _DEVICE.fullmatch(plain.partition(".")[0].rstrip()):
        plain = f"_{plain}"
    return plain or "_"
