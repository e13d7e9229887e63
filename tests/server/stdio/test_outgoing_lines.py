"""What a server writes to its host: whole lines, however slowly the host reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
def server() -> Any:
    command = [sys.executable, "-m", "docreview_mcp.server", "--sandbox"]
    process = subprocess.Popen(
        command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
    )
    with process:
        yield process
        process.kill()


def write(server: subprocess.Popen[bytes], number: int, method: str, params: dict[str, Any]) -> None:
    assert server.stdin is not None
    line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    server.stdin.write(line.encode() + b"\n")


def test_short_and_long_answers_come_whole_to_a_host_that_reads_late(
    server: subprocess.Popen[bytes],
) -> None:
    assert server.stdout is not None
    write(server, 0, "initialize", HELLO)
    assert json.loads(server.stdout.readline())["id"] == 0
    # The list is longer than a pipe holds, so that what comes after it has to wait.
    numbers = list(range(1, 31))
    for number in numbers:
        write(server, number, "ping" if number % 3 else "tools/list", {})
    answers = [json.loads(server.stdout.readline()) for _ in numbers]
    assert sorted(each["id"] for each in answers) == numbers
    assert all(bool(each["result"].get("tools")) == (each["id"] % 3 == 0) for each in answers)


def test_a_server_whose_host_does_not_listen_any_more_ends_with_the_next_line(
    server: subprocess.Popen[bytes],
) -> None:
    assert server.stdout is not None
    write(server, 0, "initialize", HELLO)
    server.stdout.readline()
    server.stdout.close()
    with pytest.raises(BrokenPipeError):
        write_on(server)
    assert server.wait(30) == 0


def write_on(server: subprocess.Popen[bytes]) -> None:
    for number in range(1, 1_000_000):
        write(server, number, "ping", {})
