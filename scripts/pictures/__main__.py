"""Make every picture and recording of the documentation: `make pictures`."""

from __future__ import annotations

import sys

from ..generated import write_or_check
from .drawn import drawn_pictures
from .hosts import record_hosts
from .panel import take_panel_pictures


def main() -> int:
    """Record the hosts and the demo, draw the terminals, and take the pictures of the panel."""
    status = write_or_check(record_hosts(), "make pictures")
    take_panel_pictures()
    return status or write_or_check(drawn_pictures(), "make pictures")


if __name__ == "__main__":
    sys.exit(main())
