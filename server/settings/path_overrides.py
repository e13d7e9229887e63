"""Check `DOCREVIEW_PATHS`: other addresses for single operations, without a way to anywhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...schemas import load_operations

__all__ = ["check_path_overrides"]

_SAFE = re.compile(r"/[\w.~{}/-]*")
_PARAMETER = re.compile(r"\{(\w+)\}")


def check_path_overrides(overrides: Mapping[str, str]) -> None:
    """Check operation id → path template.

    Raises:
        ValueError: an operation is unknown, or a template is no path or has other parameters.
    """
    operations = load_operations()
    for name, path in overrides.items():
        operation = operations.get(name)
        if operation is None:
            raise ValueError(
                f"there is no operation {name!r}; the tool reference names the operation of each tool"
            )
        if not _SAFE.fullmatch(path) or path.startswith("//") or {".", ".."} & set(path.split("/")):
            raise ValueError(f"{name}: {path!r} is not a path template such as {operation.route.path}")
        wanted = sorted(_PARAMETER.findall(operation.route.path))
        if sorted(_PARAMETER.findall(path)) != wanted:
            raise ValueError(
                f"{name}: the path has to contain exactly the parameters {', '.join(wanted) or '(none)'}"
            )
