"""Serve the sandbox over HTTP, for official clients, tests and curious people."""

from __future__ import annotations

import click

from ..settings.settings import is_loopback

__all__ = ["serve_sandbox"]


def serve_sandbox(host: str, port: int, seed: int) -> int:
    """Serve until interrupted. Gives the exit status."""
    import uvicorn

    from ...sandbox import Sandbox
    from ..http.listening import listening

    if not is_loopback(host):
        click.echo(
            "docreview-mcp: the sandbox accepts any key, so it listens on this machine only; use --host"
            " 127.0.0.1",
            err=True,
        )
        return 2
    try:
        listener = listening(host, port)
    except OSError as error:
        click.echo(
            f"docreview-mcp: cannot listen on {host}:{port} ({error.strerror}); choose another --port",
            err=True,
        )
        return 2
    address = f"http://{host if ':' not in host else f'[{host}]'}:{listener.getsockname()[1]}"
    click.echo(f"The sandbox listens on {address}. In another terminal:")
    click.echo(f"  export NANONETS_BASE_URL={address}/nanonets NANONETS_API_KEY=anything")
    click.echo(
        f"  export STUDIO_BASE_URL={address}/studio STUDIO_EMAIL=you@example.com STUDIO_PASSWORD=anything"
    )
    click.echo("  docreview-mcp call nanonets_list_workflows")
    uvicorn.Server(uvicorn.Config(Sandbox(seed).application, log_level="warning")).run(sockets=[listener])
    return 0
