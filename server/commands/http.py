"""Serve MCP over streamable HTTP, for many callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..http.settings import HttpSettings
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..settings import Settings, SettingsError

if TYPE_CHECKING:
    import httpx2

    from ..http.application import HttpApplication
    from ..http.authentication import Authentication

__all__ = ["application_for", "serve_http"]

_IN_FLIGHT = 32
"""Concurrent requests to each service where nothing else is set: the usual number is for one user."""

_OF_ONE_ACCOUNT = ("studio_login", "studio_logout", "studio_register")
"""Tools that would change the account of all callers, who share one."""


def serve_http(settings: Settings, http: HttpSettings, *, insecure_no_auth: bool) -> int:
    """Serve until a signal ends it. Gives the exit status.

    Raises:
        SettingsError: it would let anybody in, or a setting or a file that it names has a fault.
    """
    http.check(insecure_no_auth=insecure_no_auth)
    from ..http.listening import listening
    from ..http.serving import serve_on

    set_up_logging(settings.log_level, lambda: settings.secrets)
    try:
        listener = listening(http.host, http.port)
    except OSError as error:
        why = error.strerror or "no such address"
        raise SettingsError(
            f"cannot listen on {http.host}:{http.port} ({why}); name another --host or --port"
        ) from None
    with listener:
        port = int(listener.getsockname()[1])
        application = application_for(settings, http, port)
        shown = f"[{http.host}]" if ":" in http.host else http.host
        if fault := settings.half_login:
            click.echo(f"docreview-mcp: {fault}", err=True)
        click.echo(f"docreview-mcp serves MCP at {http.url or f'http://{shown}:{port}/mcp'}", err=True)
        return 0 if serve_on(listener, application, http) else 1


def application_for(
    settings: Settings,
    http: HttpSettings,
    port: int,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    issuer: httpx2.AsyncBaseTransport | None = None,
) -> HttpApplication:
    """The application for these settings, as it is served on this port.

    `transport` replaces the network to the services, `issuer` that to whoever signs callers in.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: a setting or a file that it names has a fault.
    """
    from ..http.application import HttpApplication

    is_known = http.auth in ("keys", "oauth")
    server = build_server(_for_many(settings), transport=transport, local=False, same_for_all=not is_known)
    return HttpApplication(server, http, _authentication(settings, http, issuer), http.allowed(port))


def _authentication(
    settings: Settings, http: HttpSettings, network: httpx2.AsyncBaseTransport | None
) -> Authentication:
    """How callers are known."""
    from ..http.authentication import KeyAuthentication, NoAuthentication, TokenAuthentication

    if http.auth == "keys" and http.keys is not None:
        from ..http.keys import KeyFile

        return KeyAuthentication(KeyFile(http.keys))
    if http.auth != "oauth" or http.oauth_issuer is None or http.url is None:
        return NoAuthentication()
    from ..http.challenges import Challenges
    from ..http.oauth.issuer_keys import IssuerKeys
    from ..http.oauth.protected_resource import ProtectedResource, metadata_address
    from ..http.oauth.tokens import Tokens, Trust

    groups = settings.read_policy().groups
    if groups and not http.oauth_group_claim:
        raise SettingsError(
            "DOCREVIEW_OAUTH_GROUP_CLAIM: expected the claim of a token that holds the groups of its owner,"
            f" such as groups, as {settings.policy} has rules for groups"
        )
    trust = Trust(
        http.oauth_issuer,
        http.audiences,
        http.oauth_scope_claims,
        http.oauth_scope_prefix,
        http.oauth_group_claim,
        frozenset(groups),
    )
    return TokenAuthentication(
        Tokens(trust, IssuerKeys(http.oauth_issuer, http.oauth_jwks, network)),
        ProtectedResource(http.url, http.oauth_issuer, http.oauth_scope_prefix),
        Challenges("token", metadata_address(http.url), http.oauth_scope_prefix),
    )


def _for_many(settings: Settings) -> Settings:
    """These settings for a server with many callers, who share the credentials in them.

    Raises:
        SettingsError: a tool is asked for by name that would change the account of all, or keys are missing
            by which several servers know each other's codes.
    """
    if settings.seal_keys is None and (settings.journal or "").startswith("postgresql"):
        raise SettingsError(
            "DOCREVIEW_SEAL_KEYS: expected keys, as the journal is in PostgreSQL and several servers may"
            " share it; openssl rand -base64 32 prints one"
        )
    if asked := sorted(set(settings.tools) & set(_OF_ONE_ACCOUNT)):
        raise SettingsError(f"--tools: {asked[0]} is not offered over HTTP, where callers share one account")
    changed: dict[str, object] = {"exclude_tools": (*settings.exclude_tools, *_OF_ONE_ACCOUNT)}
    if "in_flight" not in settings.model_fields_set:
        changed["in_flight"] = _IN_FLIGHT
    return settings.model_copy(update=changed)
