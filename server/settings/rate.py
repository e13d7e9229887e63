"""How often something may happen: a setting such as `300/minute`."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Rate", "parse_rate"]

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_RATE = re.compile(r"([1-9]\d{0,6})\s*/\s*(second|minute|hour)")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many requests in so many seconds: all at once, or spread over them."""

    requests: int
    seconds: float

    @property
    def each(self) -> float:
        """The seconds after which one more request is allowed."""
        return self.seconds / self.requests

    @property
    def half(self) -> Rate:
        """Half of it: fewer requests in the same time, or one in twice the time."""
        if self.requests == 1:
            return Rate(1, self.seconds * 2)
        return Rate(self.requests // 2, self.seconds)


def parse_rate(text: str) -> Rate | None:
    """The rate that a setting means; None for `off`. Raises `ValueError` where it means none."""
    if text.strip().lower() == "off":
        return None
    found = _RATE.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("expected a rate such as 300/minute, or off")
    return Rate(int(found[1]), _SECONDS[found[2]])
