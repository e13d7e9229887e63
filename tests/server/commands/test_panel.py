"""`docreview-mcp panel` as a person starts it: a server of its own, a link that works once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx2

COMMAND = [sys.executable, "-m", "docreview_mcp.server", "panel", "--sandbox", "--no-browser"]


def test_the_command_prints_a_link_that_opens_the_panel_and_ends_with_ctrl_c() -> None:
    place = ["--workflow", "w 1", "--document", "d"]
    process = subprocess.Popen([*COMMAND, *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"(http://127\.0\.0\.1:\d+)(/panel/open\?once=[\w-]{43}\S*)$", line.strip())
        assert found is not None, line
        with httpx2.Client(base_url=found[1], trust_env=False) as browser:
            opened = browser.get(found[2])
            assert opened.headers["location"] == "/panel?workflow_id=w+1&document_id=d"
            assert "review panel" in browser.get("/panel").text.lower()
            assert browser.get("/healthz").status_code == 200
            assert browser.get(found[2]).status_code == 403
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert stdout == ""


def test_a_start_over_stdio_reads_nothing_of_the_panel() -> None:
    ask = (
        "import sys, docreview_mcp.server.commands.stdio as s;"
        "from docreview_mcp.server import Settings, build_server; build_server(Settings());"
        "print([name for name in sys.modules if '.panel.' in name or name == 'mcp.server.apps'])"
    )
    ended = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "[]", ended.stderr


def test_a_port_in_use_is_told_in_one_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert port in ended.stderr
