"""nginx before the servers, which learns that one is gone only when it refuses a connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from ..http_calls import free_port
from .replica import Replica, ReplicaError

__all__ = ["Balancer", "nginx_program"]

_CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream docreview {{
{servers}
        keepalive 32;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        client_max_body_size 48m;
        location / {{
            proxy_pass http://docreview;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_buffering off;
            proxy_connect_timeout 2s;
            proxy_read_timeout 75s;
        }}
    }}
}}
"""


def nginx_program() -> str | None:
    """Where nginx is; None if it is not installed."""
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


class Balancer:
    """nginx on a port of its own. `port` is known before it starts, as servers need it in their settings."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients call."""
        return f"127.0.0.1:{self.port}"

    def start(self, replicas: Iterable[Replica]) -> None:
        """Start it before these servers.

        Raises:
            ReplicaError: nginx does not start.
        """
        configuration = self._configure(replicas)
        self._process = subprocess.Popen(
            [
                self._program,
                "-c",
                configuration,
                "-p",
                self._folder,
                "-e",
                f"{self._folder}/nginx-errors.log",
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(200):
            if (self._folder / "nginx.pid").exists():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        assert self._process.stderr is not None
        raise ReplicaError(f"nginx does not start: {self._process.stderr.read().decode()}")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _configure(self, replicas: Iterable[Replica]) -> Path:
        servers = "\n".join(
            f"        server 127.0.0.1:{each.port} max_fails=1 fail_timeout=2s;" for each in replicas
        )
        file = self._folder / "nginx.conf"
        user = "user root root;" if os.geteuid() == 0 else ""
        file.write_text(
            _CONFIGURATION.format(user=user, folder=self._folder, port=self.port, servers=servers)
        )
        return file
