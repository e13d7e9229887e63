"""Runs the command for a user whose home folder is empty."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from docreview_mcp.server.command_line import main
from host_files import Done, Setup


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Setup:
    """Runs `docreview-mcp setup` for a user whose home folder is empty."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)

    for name in [each for each in os.environ if each.startswith("DOCREVIEW_")]:
        monkeypatch.delenv(name)

    def run(*words: str, command: str = "setup", **environment: str) -> Done:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["docreview-mcp", command, *words])
            for name, value in environment.items():
                patch.setenv(name, value)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        shown = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, shown.out, shown.err)

    return run
