"""Print the oldest versions that pyproject.toml allows for docreview and its extras, as constraints."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *(each for name in extras if name != "dev" for each in extras[name])]
for requirement in dict.fromkeys(wanted):
    found = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)(?:,<[\d.]+)?", requirement)
    if found is None:
        sys.exit(f"cannot read {requirement!r}")
    sys.stdout.write(f"{found[1]}=={found[2]}\n")
