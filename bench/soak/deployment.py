"""What a team runs, on this machine: two servers behind nginx, with Redis and PostgreSQL."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..http_calls import free_port
from ..inputs import plain_environment
from .balancer import Balancer, nginx_program
from .callers import Callers
from .issuer import Issuer, running_issuer
from .replica import Replica

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))

from postgresql import Cluster, migrate, running_cluster
from redis_process import RedisProcess, running_redis

__all__ = ["Deployment", "MissingError", "running_deployment"]

_DRAIN = "2,40"


class MissingError(RuntimeError):
    """A program that the soak needs is not installed; the message names it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that runs. `steady` lives as long as the soak, `mortal` is what is killed and ended."""

    service: str
    postgresql: Cluster
    redis: RedisProcess
    balancer: Balancer
    steady: Replica
    mortal: Replica
    issuer: Issuer
    callers: Callers
    environment: dict[str, str]

    @property
    def replicas(self) -> list[Replica]:
        """Both servers."""
        return [self.steady, self.mortal]


@contextmanager
def running_deployment(principals: int) -> Generator[Deployment]:
    """Start everything but the servers, which the caller starts; at the end, end it all.

    Raises:
        MissingError: nginx, Redis or PostgreSQL is not installed.
    """
    nginx = nginx_program()
    if nginx is None:
        raise MissingError("nginx is not installed")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docreview-soak-")))
        postgresql, redis = _databases(stack)
        migrate(postgresql.url)
        service = stack.enter_context(_service())
        issuer = stack.enter_context(running_issuer())
        balancer = Balancer(nginx, folder)
        stack.callback(balancer.stop)
        url = f"http://{balancer.address}/mcp"
        callers = Callers(issuer, url, principals)
        environment = {
            **plain_environment(),
            **callers.environment,
            "STUDIO_BASE_URL": service,
            "DOCREVIEW_CREDENTIALS": "headers",
            "DOCREVIEW_HTTP_URL": url,
            "DOCREVIEW_HTTP_PROXIES": "127.0.0.1",
            "DOCREVIEW_HTTP_RATE": "6000/minute",
            "DOCREVIEW_HTTP_DRAIN": _DRAIN,
            "DOCREVIEW_JOURNAL": postgresql.url,
            "DOCREVIEW_REDIS": redis.url,
            "DOCREVIEW_SEAL_KEYS": base64.b64encode(os.urandom(32)).decode(),
            "DOCREVIEW_LOG_LEVEL": "WARNING",
        }
        steady, mortal = (
            Replica(name, free_port(), environment, folder / f"{name}.log") for name in ("steady", "mortal")
        )
        for replica in (steady, mortal):
            stack.callback(replica.kill)
        yield Deployment(service, postgresql, redis, balancer, steady, mortal, issuer, callers, environment)


def _databases(stack: ExitStack) -> tuple[Cluster, RedisProcess]:
    import pytest

    try:
        cluster = stack.enter_context(running_cluster(waits_for_disk=True))
        return cluster, stack.enter_context(running_redis())
    except pytest.skip.Exception as skipped:
        raise MissingError(str(skipped.msg)) from None


@contextmanager
def _service() -> Generator[str]:
    """The address of the stand-in for Studio, in a process of its own."""
    command = [sys.executable, "-m", "bench.soak.service"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
