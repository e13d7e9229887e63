"""What is there on Linux only is not needed to import, to list tools or to write letters of any script."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run
from docreview_mcp.server import Settings
from docreview_mcp.server.journal.seal_keys import seal_keys

ELSEWHERE = """
import builtins, importlib, os, pkgutil, signal, socket, sys
import click, httpx2, mcp, mcp.server, mcp.server.stdio, openpyxl, PIL.Image, psycopg, pydantic_settings
import rich.console, sqlalchemy, sqlalchemy.dialects.postgresql, sse_starlette, uvicorn
for name in ("fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty", "readline"):
    sys.modules[name] = None
for module, names in (
    (os, ("getuid", "geteuid", "fork", "forkpty", "getpgid", "killpg", "setsid", "mkfifo", "chown", "umask",
          "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_PATH", "O_CLOEXEC", "sched_getaffinity", "uname")),
    (signal, ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGCHLD", "alarm")),
    (socket, ("AF_UNIX",)),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
os.supports_dir_fd = set()
names = []
for floor in ("schemas", "tools", "server", "sandbox"):
    package = importlib.import_module(f"docreview_mcp.{floor}")
    names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
for name in names:
    if not name.endswith(".__main__"):
        importlib.import_module(name)
from docreview_mcp.server import Settings
from docreview_mcp.server.services.files import FileAccess
from docreview_mcp.tools import FileSource
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "a.txt").write_bytes(b"x")
source = FileSource(path=str(folder / "a.txt"))
with FileAccess(Settings(files=(folder,))).open(source) as (name, stream):
    print(len(names), name, stream.read())
"""


@pytest.mark.slow
def test_every_module_imports_without_what_only_unix_has(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["a.txt", "b'x'"]
    assert int(done.stdout.split()[0]) > 200


def test_a_file_system_without_links_keeps_the_seal_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    settings = Settings(journal=f"sqlite:///{tmp_path / 'journal.sqlite'}")
    keys = [seal_keys(settings), seal_keys(settings)]
    first, again = (key() for key in keys if key is not None)
    assert first == again
    assert [len(key) for key in first] == [32]
    assert [each.name for each in tmp_path.iterdir()] == ["journal.sqlite.key"]


@pytest.mark.slow
def test_letters_that_an_encoding_lacks_are_no_error() -> None:
    text = json.dumps({"model_id": 11, "documents": [{"text": "Żółć → 満足 was kind."}]})
    command = [
        sys.executable,
        "-m",
        "docreview_mcp.server",
        "call",
        "studio_run_adhoc_analysis",
        text,
        "--sandbox",
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"\\u2192" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(run: Run, shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_DOCREVIEW_MCP_COMPLETE" in script
    assert "docreview-mcp" in script


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("docreview-mcp ", {"stdio", "setup", "doctor", "completion"}),
        ("docreview-mcp setup co", {"codex"}),
        ("docreview-mcp setup codex --wr", {"--write"}),
        ("docreview-mcp call review_q", {"review_queue"}),
        ("docreview-mcp completion z", {"zsh"}),
    ],
)
def test_completion_knows_commands_options_hosts_and_tools(run: Run, line: str, expected: set[str]) -> None:
    words = line.split(" ")
    done = run(_DOCREVIEW_MCP_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    found = {entry.partition(",")[2] for entry in done.stdout.splitlines()}
    assert expected <= found
    assert all(each.startswith(words[-1]) for each in found)
