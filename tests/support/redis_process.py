"""A Redis of the tests' own, where its program is there: behind a socket in a temporary folder."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis


@dataclass
class RedisProcess:
    """A server that keeps nothing on disk, so that it is empty whenever it is started."""

    program: str
    folder: Path
    _process: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        options = {"port": "0", "unixsocket": f"{self.folder}/redis.sock", "save": "", "appendonly": "no"}
        command = [self.program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process.append(subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL))
        for _ in range(200):
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
        raise AssertionError("Redis does not answer")

    def stop(self) -> None:
        while self._process:
            process = self._process.pop()
            process.kill()
            process.wait(timeout=10)


@contextmanager
def running_redis() -> Generator[RedisProcess]:
    """A Redis that is thrown away afterwards. Skips the test where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: there is no redis-server")
    folder = Path(tempfile.mkdtemp(prefix="docreview-"))
    process = RedisProcess(program, folder)
    try:
        process.start()
        yield process
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)
