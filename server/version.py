"""The version of the installed package."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["VERSION"]


def _installed() -> str:
    try:
        return version("docreview-mcp")
    except PackageNotFoundError:
        return "0+unknown"


VERSION = _installed()
"""The version that hosts and services see."""
