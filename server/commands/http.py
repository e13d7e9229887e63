"""Serve MCP over streamable HTTP, for many callers."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import click

from ..http.settings import HttpSettings
from ..journal.migrating import check_tables
from ..logs import set_up_logging
from ..protocol.application import build_server
from ..protocol.surface import OF_A_SESSION
from ..settings.settings import Settings
from ..settings.settings_error import SettingsError
from ..shared.state import open_shared_state
from ..telemetry.telemetry import telemetry

if TYPE_CHECKING:
    import httpx2

    from ...tools.observation import Observer
    from ..http.application import HttpApplication
    from ..http.authentication import Authentication
    from ..http.caller_credentials import CallerCredentials
    from ..http.keys import KeyFile

__all__ = ["application_for", "serve_http", "with_panel_url"]

_IN_FLIGHT = 32
"""Concurrent requests to each service where nothing else is set: the usual number is for one user."""


def serve_http(settings: Settings, http: HttpSettings, *, insecure_no_auth: bool) -> int:
    """Serve until a signal ends it. Gives the exit status.

    Raises:
        SettingsError: it would let anybody in, or a setting or a file that it names has a fault.
    """
    http.check(insecure_no_auth=insecure_no_auth)
    from ..http.listening import listening
    from ..http.serving import serve_on
    from ..services.upstream import secrets_of_caller

    if "log_format" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_format": "json"})
    own = (http.oauth_client_secret.get_secret_value(),) if http.oauth_client_secret else ()
    set_up_logging(
        settings.log_level, lambda: (*settings.secrets, *own, *secrets_of_caller()), settings.log_format
    )
    try:
        listener = listening(http.host, http.port)
    except OSError as error:
        why = error.strerror or "this machine has no such address"
        raise SettingsError(
            f"cannot listen on {http.host}:{http.port} ({why}); choose another --host or --port"
        ) from None
    with listener, telemetry(settings, http.metrics_address) as (observer, metrics_port):
        port = int(listener.getsockname()[1])
        application = application_for(settings, http, port, observer=observer)
        check_tables(settings)
        if fault := _unused_credentials(settings, http) or settings.half_login:
            click.echo(f"docreview-mcp: {fault}", err=True)
        url = http.url or f"{_origin(http.host, port)}/mcp"
        panel = f", and the review panel at {_panel_url(url)}" if http.has_panel else ""
        click.echo(f"docreview-mcp serves MCP at {url}{panel}", err=True)
        if metrics_port:
            where = _origin(http.metrics_address[0], metrics_port)
            click.echo(f"docreview-mcp serves metrics at {where}/metrics", err=True)
        return 0 if serve_on(listener, application, http) else 1


def application_for(
    settings: Settings,
    http: HttpSettings,
    port: int,
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    issuer: httpx2.AsyncBaseTransport | None = None,
    observer: Observer | None = None,
) -> HttpApplication:
    """The application for these settings, as it is served on this port.

    `transport` replaces the network to the services, `issuer` that to whoever signs callers in; `observer`
    watches.

    Raises:
        SelectionError: a toolset or tool of the settings does not exist.
        SettingsError: a setting or a file that it names has a fault.
    """
    from ..http.application import HttpApplication
    from ..http.authentication import TokenAuthentication
    from ..http.caller_credentials import Shared
    from ..http.keys import KeyFile
    from ..http.panel.panel import Panel
    from ..http.panel.setup import issuer_sign_in, shown_sign_in
    from ..http.panel.sign_in import KeyHolders, OneHolder
    from ..journal.seal_keys import seal_keys

    keys = KeyFile(http.keys) if http.auth == "keys" and http.keys is not None else None
    authentication = _authentication(settings, http, keys, issuer)
    if http.has_panel:
        settings = with_panel_url(settings, http, port)
    credentials = _credentials(settings, http)
    is_open = http.auth in (None, "none")
    same_for_all = is_open and isinstance(credentials, Shared)
    shared = open_shared_state(settings)
    server = build_server(
        _for_many(settings, http),
        transport=transport,
        local=False,
        same_for_all=same_for_all,
        observer=observer,
        shared=shared,
    )
    if isinstance(authentication, TokenAuthentication):
        sign_in = issuer_sign_in(http, port, seal_keys(settings), authentication.tokens, issuer)
    else:
        holders = OneHolder() if keys is None else KeyHolders(keys)
        sign_in = shown_sign_in(http, port, seal_keys(settings), holders)
    return HttpApplication(
        server, http, authentication, http.allowed(port), credentials, shared, Panel(sign_in), observer
    )


def _authentication(
    settings: Settings, http: HttpSettings, keys: KeyFile | None, network: httpx2.AsyncBaseTransport | None
) -> Authentication:
    """How callers are known.

    Raises:
        SettingsError: the policy has rules for groups, and no claim is named that holds them.
    """
    from ..http.authentication import KeyAuthentication, NoAuthentication, TokenAuthentication

    if keys is not None:
        return KeyAuthentication(keys)
    if http.auth != "oauth" or http.oauth_issuer is None or http.url is None:
        return NoAuthentication()
    from ..http.challenges import Challenges
    from ..http.oauth.issuer_keys import IssuerKeys
    from ..http.oauth.protected_resource import ProtectedResource, metadata_url
    from ..http.oauth.tokens import Tokens, Trust

    groups = settings.read_policy().groups
    if groups and not http.oauth_group_claim:
        raise SettingsError(
            "DOCREVIEW_OAUTH_GROUP_CLAIM: expected the token claim that contains the caller's groups, such"
            f" as groups, because {settings.policy} has rules for groups"
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
        Challenges("token", metadata_url(http.url), http.oauth_scope_prefix),
    )


def with_panel_url(settings: Settings, http: HttpSettings, port: int) -> Settings:
    """The settings with the address of the panel, unless the user has set one."""
    if settings.panel_url is not None:
        return settings
    url = http.url or f"{_origin(http.host, port)}/mcp"
    return settings.model_copy(update={"panel_url": _panel_url(url)})


def _origin(host: str, port: int) -> str:
    """The beginning of addresses of this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _panel_url(url: str) -> str:
    """The address of the panel of a server whose MCP endpoint has this address."""
    return f"{url.removesuffix('/mcp')}/panel"


def _credentials(settings: Settings, http: HttpSettings) -> CallerCredentials:
    """Where the credentials of callers come from; the sandbox has its own.

    Raises:
        SettingsError: there is no place to store them, or no key to seal them with.
    """
    from ..http.caller_credentials import FromHeaders, FromStore, Shared

    if http.credentials == "headers" and not settings.sandbox:
        return FromHeaders(tuple(ip_network(each) for each in http.proxies))
    if http.credentials == "store" and not settings.sandbox:
        from ..credential_store.store import open_store

        return FromStore(open_store(settings))
    return Shared()


def _unused_credentials(settings: Settings, http: HttpSettings) -> str:
    """The warning about credentials in the settings that no caller will use; empty if there are none."""
    if http.credentials == "shared" or settings.sandbox or not settings.with_credentials:
        return ""
    return (
        f"the credentials for {' and '.join(settings.with_credentials)} in the settings are ignored, because"
        f" DOCREVIEW_CREDENTIALS={http.credentials} is set"
    )


def _for_many(settings: Settings, http: HttpSettings) -> Settings:
    """These settings for a server with many callers.

    Raises:
        SettingsError: a tool is asked for by name that would change the account of all, or keys are missing
            by which several servers know each other's codes.
    """
    in_postgresql = (settings.journal or "").startswith("postgresql")
    if settings.seal_keys is None and (in_postgresql or settings.redis is not None):
        shared = "the journal is in PostgreSQL" if in_postgresql else "DOCREVIEW_REDIS is set"
        raise SettingsError(
            f"DOCREVIEW_SEAL_KEYS: expected keys, because {shared} and several servers may share it; create"
            " one with openssl rand -base64 32"
        )
    if http.credentials == "shared" and (asked := sorted(set(settings.tools) & set(OF_A_SESSION))):
        raise SettingsError(
            f"--tools: {asked[0]} is not available over HTTP, where callers share one account"
        )
    if "in_flight" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"in_flight": _IN_FLIGHT})
