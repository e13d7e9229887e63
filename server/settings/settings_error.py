"""The one error of settings, wherever they stand: in the environment, on the command line or in a file."""

from __future__ import annotations

__all__ = ["SettingsError"]


class SettingsError(ValueError):
    """A setting has a value that cannot be used. The message is one line that names the variable."""
