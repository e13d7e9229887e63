"""Print the oldest versions that pyproject.toml allows of what docreview itself needs, as constraints."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for requirement in project["dependencies"]:
    found = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)(?:,<[\d.]+)?", requirement)
    if found is None:
        sys.exit(f"cannot read {requirement!r}")
    sys.stdout.write(f"{found[1]}=={found[2]}\n")
