"""Values that a host did not fill in, such as `${NANONETS_API_KEY}`: they count as not set."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

__all__ = ["is_placeholder", "unfilled", "without_quotes"]

_REFERENCE = re.compile(r"\$\{\{?[^{}]*\}?\}|\{\{[^{}]*\}\}|<your\b[^<>]*>", re.IGNORECASE)
"""`${KEY}`, `${env:KEY}`, `${input:key}`, `${{ secrets.KEY }}`, `{{KEY}}`, `<your key>`."""

_EXAMPLE = re.compile(
    r"\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%|<[^<>]*>|\[[^\[\]]*\]|[xX]{6,}|[.*]{3,}"
    r"|(?i:(my|your|insert|enter|add|paste)[-_ ](\w+[-_ ])*(key|token|password|secret|here))"
)
"""`$KEY`, `%KEY%`, `<api-key>`, `[api-key]`, `xxxxxx`, `...`, `your-api-key`, `paste_token_here`."""

_QUOTES = ('""', "''", "``", "\u201c\u201d", "\u2018\u2019")


def is_placeholder(text: str, *, is_key: bool = False) -> bool:
    """Whether a value is the name of something that the host should have put there.

    For what has the form of a key (`is_key`) the examples of instructions count, too, such as `<api-key>`.
    """
    bare = without_quotes(text)
    return bool(_REFERENCE.fullmatch(bare) or (is_key and _EXAMPLE.fullmatch(bare)))


def unfilled(variables: Iterable[str]) -> list[str]:
    """Which of these variables hold only a placeholder in the environment."""
    held = ((name, os.environ.get(name, "")) for name in variables)
    return [name for name, text in held if is_placeholder(text, is_key=not name.endswith("PASSWORD"))]


def without_quotes(text: str) -> str:
    """A value without blanks and quotation marks around it: they belong to the file it was copied from."""
    bare = text.strip()
    return bare[1:-1].strip() if len(bare) > 1 and bare[0] + bare[-1] in _QUOTES else bare
