"""What people and agents say when they want a tool: short phrases, read only when tools are searched.

They come from the records of the operations through a generated, committed file, and hosts do not see them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

__all__ = ["RECORD", "load_intents", "render_intents"]

RECORD = Path(__file__).with_name("intents.json")
"""The generated record of all phrases."""


@cache
def load_intents() -> Mapping[str, Sequence[str]]:
    """The phrases for each tool by its name."""
    return json.loads(RECORD.read_bytes())


def render_intents(intents: Mapping[str, Sequence[str]]) -> str:
    """The text of the generated record for these phrases."""
    return json.dumps(intents, ensure_ascii=False, indent=1) + "\n"
