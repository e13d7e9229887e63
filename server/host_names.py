"""The names of the hosts that can be set up, for the command line, which should not load their table."""

__all__ = ["HOST_NAMES"]

HOST_NAMES = (
    "claude-desktop",
    "claude-code",
    "vscode",
    "cursor",
    "codex",
    "gemini-cli",
    "zed",
    "goose",
    "windsurf",
)
"""In the order of the table in `hosts/hosts.py`."""
