"""Make every picture and recording of the documentation: `make pictures`.

With `--drawn`, only those that are text are made, which needs neither Node nor a browser.
"""

from __future__ import annotations

import sys

from ..generated import write_or_check
from .drawn import drawn_pictures
from .hosts import record_hosts
from .panel import take_panel_pictures

_COMMAND = "make pictures"


def main() -> int:
    """Record the hosts and the demo, draw the terminals, and take the pictures of the panel."""
    if "--drawn" not in sys.argv:
        write_or_check(record_hosts(), _COMMAND)
        take_panel_pictures()
    return write_or_check(drawn_pictures(), _COMMAND)


if __name__ == "__main__":
    sys.exit(main())
