"""A picture for each host: its list of servers if it runs without an account, else what `setup` prints."""

from __future__ import annotations

import os
import random
import shutil
import string
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import gettempdir

from docreview_mcp.server.hosts.hosts import HOSTS

from ..documentation.clients import clients
from ..project import ROOT
from .terminal import Picture, lines_of, render_terminal

__all__ = ["host_pictures", "record_hosts"]

_SEEN = Path(__file__).parent / "seen"
_PROGRAMS = ROOT / ".hosts" / "node_modules" / ".bin"
_COLUMNS = 118
_TRIES = 5
_HOME = "/home/you"
_COMMAND = f"{_HOME}/docreview/.venv/bin/docreview-mcp"


def host_pictures() -> dict[str, str]:
    """The picture of each host by its name, from what was recorded and from `setup` as it is now."""
    return {name: _picture(name) for name in HOSTS}


def _picture(name: str) -> str:
    title = HOSTS[name].title
    shows = clients("hosts")[name].shows
    if shows:
        output = (_SEEN / f"{name}.txt").read_text(encoding="utf-8")
        told = f"A terminal in which {' and '.join(shows)} shows the server docreview."
        return render_terminal(lines_of(output, _COLUMNS), Picture(title, told), _COLUMNS)
    command = f"docreview-mcp setup {name} --sandbox"
    told = f"A terminal in which {command} prints the entry for {title}, its file, and what the tools cost."
    lines = lines_of(f"$ {command}\n{_setup(name)}", _COLUMNS)
    return render_terminal(lines, Picture(title, told), _COLUMNS)


def _setup(name: str) -> str:
    """What `setup` prints for somebody on Linux whose clone is in their home folder."""
    environment = {"HOME": _HOME, "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "docreview_mcp.server", "setup", name, "--sandbox"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.replace(str(Path(sys.executable).with_name("docreview-mcp")), _COMMAND)


def record_hosts() -> Mapping[Path, str]:
    """Set up each host of `.hosts/` in a home of its own, and record what it shows of docreview."""
    return {
        _SEEN / f"{name}.txt": _recorded(name, client.shows, client.environment)
        for name, client in clients("hosts").items()
        if client.shows
    }


def _recorded(name: str, shows: Sequence[str], needed: Mapping[str, str]) -> str:
    with _home() as home:
        environment = {
            "HOME": str(home),
            "PATH": f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "TERM": "dumb",
            "NO_COLOR": "1",
            **needed,
        }

        def run(*command: str | Path) -> str:
            done = subprocess.run(
                command,
                env=environment,
                cwd=home,
                capture_output=True,
                encoding="utf-8",
                check=True,
                timeout=120,
            )
            # Some hosts write their list as if it were a log.
            return (done.stdout.strip() or done.stderr.strip()).replace(str(home), _HOME)

        # By the link in that home, so that the configuration names nothing of this machine.
        python = home / "docreview" / ".venv" / "bin" / "python"
        run(python, "-m", "docreview_mcp.server", "setup", name, "--sandbox", "--write")
        screens = [f"$ {command}\n{_connected(partial(run, *command.split()))}\n" for command in shows]
        return "\n".join(
            "\n".join(line.rstrip() for line in screen.splitlines()) + "\n" for screen in screens
        )


def _connected(shown: Callable[[], str]) -> str:
    """What a host shows once it has reached the server: some wait for a few seconds only."""
    output = ""
    for _ in range(_TRIES):
        output = shown()
        if "Disconnected" not in output and "Failed" not in output:
            return output
    raise RuntimeError(f"the host does not reach the server: {output}")


@contextmanager
def _home() -> Generator[Path]:
    """A home folder whose path is as long as the one that pictures show, so that tables stay in line."""
    letters = random.choices(string.ascii_lowercase, k=len(_HOME) - len(gettempdir()) - 1)
    home = Path(gettempdir()) / "".join(letters)
    home.mkdir()
    try:
        (home / "docreview").symlink_to(ROOT)
        yield home
    finally:
        shutil.rmtree(home)
