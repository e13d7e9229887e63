"""What can be set for serving over HTTP, from the environment or the command line, checked before a start."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ..settings.faults import settings_fault
from ..settings.rate import Rate, parse_rate
from ..settings.settings import is_loopback
from ..settings.settings_error import SettingsError
from .addresses import AllowedAddresses, fault_of_host, fault_of_origin

__all__ = ["HttpSettings", "read_http_settings"]

MEBIBYTE = 1024 * 1024
_ISSUER = re.compile(r"https?://[\w.~:/@\[\]%+?&=-]+", re.ASCII)
_SCOPE_PREFIX = re.compile(r"[!#-\[\]-~]*")
_VISIBLE = re.compile(r"[ -~]{1,1000}")

Names = Annotated[tuple[str, ...], NoDecode]


def _named(variable: str, **more: Any) -> Any:
    return Field(validation_alias=AliasChoices(variable), **more)


class HttpSettings(BaseSettings):
    """The settings of `docreview-mcp http`, each by its name in code or by its environment variable.

    `body` is in bytes, `drain` in seconds: of not being ready before closing, and of waiting for calls.

    Raises:
        pydantic.ValidationError: a value cannot be used (see `read_http_settings` for one readable line).
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, populate_by_name=True, extra="ignore", hide_input_in_errors=True, frozen=True
    )

    host: str = _named("DOCREVIEW_HTTP_HOST", default="127.0.0.1")
    port: int = _named("DOCREVIEW_HTTP_PORT", default=8000, ge=0, le=65535)
    url: str | None = _named("DOCREVIEW_HTTP_URL", default=None)
    hosts: Names = _named("DOCREVIEW_HTTP_HOSTS", default=())
    origins: Names = _named("DOCREVIEW_HTTP_ORIGINS", default=())
    body: int = _named("DOCREVIEW_HTTP_BODY", default=8 * MEBIBYTE, ge=1024, le=40 * MEBIBYTE)
    concurrency: int = _named("DOCREVIEW_HTTP_CONCURRENCY", default=64, ge=1, le=10_000)
    rate: Annotated[Rate | None, NoDecode] = _named("DOCREVIEW_HTTP_RATE", default=Rate(300, 60))
    drain: Annotated[tuple[float, float], NoDecode] = _named("DOCREVIEW_HTTP_DRAIN", default=(5.0, 55.0))
    auth: Literal["none", "keys", "oauth"] | None = _named("DOCREVIEW_AUTH", default=None)
    keys: Path | None = _named("DOCREVIEW_KEYS", default=None)
    oauth_issuer: str | None = _named("DOCREVIEW_OAUTH_ISSUER", default=None)
    oauth_audience: Names = _named("DOCREVIEW_OAUTH_AUDIENCE", default=())
    oauth_jwks: str | None = _named("DOCREVIEW_OAUTH_JWKS", default=None)
    oauth_scope_claims: Names = _named("DOCREVIEW_OAUTH_SCOPE_CLAIMS", default=("scope", "scp"))
    oauth_scope_prefix: str = _named("DOCREVIEW_OAUTH_SCOPE_PREFIX", default="")
    oauth_group_claim: str = _named("DOCREVIEW_OAUTH_GROUP_CLAIM", default="")
    oauth_client: str | None = _named("DOCREVIEW_OAUTH_CLIENT", default=None)
    oauth_client_secret: SecretStr | None = _named("DOCREVIEW_OAUTH_CLIENT_SECRET", default=None)
    oauth_client_scopes: Names = _named("DOCREVIEW_OAUTH_CLIENT_SCOPES", default=())
    credentials: Literal["shared", "headers", "store"] = _named("DOCREVIEW_CREDENTIALS", default="shared")
    proxies: Names = _named("DOCREVIEW_HTTP_PROXIES", default=())
    metrics_address: Annotated[tuple[str, int], NoDecode] = _named(
        "DOCREVIEW_METRICS_ADDRESS", default=("127.0.0.1", 9464)
    )
    insecure: bool = _named("DOCREVIEW_HTTP_INSECURE", default=False)

    @field_validator("url")
    @classmethod
    def _address_of_users(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        try:
            fault = fault_of_origin(f"{parts.scheme}://{parts.netloc}") or fault_of_host(parts.netloc)
        except ValueError:
            fault = "no address"
        if fault or parts.netloc.endswith(":*") or parts.path != "/mcp" or parts.query or parts.fragment:
            raise ValueError("expected the URL that users enter, such as https://mcp.example.com/mcp")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("plain http is allowed only for this machine; use https")
        return value.strip()

    @field_validator("oauth_issuer", "oauth_jwks")
    @classmethod
    def _address_of_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        value = value.strip()
        wanted = "expected a URL such as https://login.example.com/realm"
        try:
            parts = urlsplit(value)
            host, is_complete = parts.hostname or "", bool(_ISSUER.fullmatch(value))
        except ValueError:
            raise ValueError(wanted) from None
        has_more = parts.fragment or parts.username or parts.password
        if not host or not is_complete or has_more or (parts.query and info.field_name == "oauth_issuer"):
            raise ValueError(wanted)
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("plain http is allowed only for this machine; use https")
        return value

    @field_validator("oauth_scope_prefix")
    @classmethod
    def _part_of_a_scope(cls, value: str) -> str:
        if not _SCOPE_PREFIX.fullmatch(value.strip()):
            raise ValueError("expected the prefix of the scopes, such as https://mcp.example.com/mcp/")
        return value.strip()

    @field_validator("oauth_client")
    @classmethod
    def _client_id(cls, value: str | None) -> str | None:
        if value is not None and not _VISIBLE.fullmatch(value.strip()):
            raise ValueError("expected the client ID that the issuer gave to the panel")
        return value and value.strip()

    @field_validator("oauth_client_secret")
    @classmethod
    def _client_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        secret = value.get_secret_value().strip()
        if not _VISIBLE.fullmatch(secret):
            raise ValueError("contains characters that a client secret cannot have; copy it again")
        return SecretStr(secret)

    @field_validator("oauth_client_scopes", mode="before")
    @classmethod
    def _scopes(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        scopes = tuple(value.replace(",", " ").split())
        if not all(_SCOPE_PREFIX.fullmatch(each) for each in scopes):
            raise ValueError("expected scopes separated by spaces, such as openid docreview:read")
        return scopes

    @field_validator("hosts", "origins", "oauth_audience", "oauth_scope_claims", "proxies", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("hosts")
    @classmethod
    def _exact_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if fault := fault_of_host(each):
                raise ValueError(fault)
        return value

    @field_validator("origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if fault := fault_of_origin(each):
                raise ValueError(fault)
        return value

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(
                    "expected a comma-separated list of proxy addresses or networks, such as 10.0.0.5 or"
                    " 10.0.0.0/24"
                ) from None
        return value

    @field_validator("rate", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Any:
        return parse_rate(value) if isinstance(value, str) else value

    @field_validator("drain", mode="before")
    @classmethod
    def _two_times(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        wanted = "expected two numbers of seconds such as 5,55, each from 0 to 3600"
        try:
            before, waiting = (float(part) for part in value.split(","))
        except ValueError:
            raise ValueError(wanted) from None
        if not (0 <= before <= 3600 and 0 <= waiting <= 3600):
            raise ValueError(wanted)
        return (before, waiting)

    @field_validator("metrics_address", mode="before")
    @classmethod
    def _host_and_port(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        host, _, port = value.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        try:
            ip_address(host)
            if not 0 <= int(port) <= 65535:
                raise ValueError
        except ValueError:
            raise ValueError("expected an IP address and a port such as 127.0.0.1:9464") from None
        return (host, int(port))

    @property
    def audiences(self) -> tuple[str, ...]:
        """Those of which an access token has to name one."""
        return self.oauth_audience or ((self.url,) if self.url is not None else ())

    @property
    def has_panel(self) -> bool:
        """Whether there is a way to sign in to the panel in a browser."""
        return self.auth != "oauth" or self.oauth_client is not None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    def allowed(self, port: int) -> AllowedAddresses:
        """The Hosts and Origins that may call a server that listens on this port."""
        hosts, origins = list(self.hosts), list(self.origins)
        if self.url is not None:
            parts = urlsplit(self.url)
            hosts.append(parts.netloc)
            origins.append(f"{parts.scheme}://{parts.netloc}")
        if self.is_local:
            for name in ("127.0.0.1", "localhost", "[::1]"):
                hosts.append(f"{name}:{port}")
                origins.append(f"http://{name}:{port}")
        is_plain = self.url is None or self.url.startswith("http:")
        return AllowedAddresses(hosts, origins, default_port=80 if is_plain else 443)

    def check(self, *, insecure_no_auth: bool) -> None:
        """Refuse what would let anybody in.

        Raises:
            SettingsError: the server is to be reached from other machines without authentication or without
                its address, there is no file for the keys, or it is not said who signs callers in.
        """
        if self.auth == "keys" and self.keys is None:
            raise SettingsError(
                "DOCREVIEW_KEYS: expected the file with the keys, because DOCREVIEW_AUTH=keys is set; create"
                " it with docreview-mcp key new NAME"
            )
        if self.auth == "oauth":
            self._check_sign_in()
        if self.is_local:
            return
        if self.auth is None or (self.auth == "none" and not (insecure_no_auth and self.insecure)):
            raise SettingsError(
                f"--host {self.host}: expected DOCREVIEW_AUTH=keys or oauth, because other machines can"
                " reach this address (to allow access without authentication, set DOCREVIEW_AUTH=none,"
                " --insecure-no-auth and DOCREVIEW_HTTP_INSECURE=1)"
            )
        if self.url is None:
            raise SettingsError(
                "DOCREVIEW_HTTP_URL: expected the URL that users enter, such as https://mcp.example.com/mcp,"
                f" because other machines can reach --host {self.host}"
            )

    def _check_sign_in(self) -> None:
        if self.oauth_issuer is None:
            raise SettingsError(
                "DOCREVIEW_OAUTH_ISSUER: expected the issuer's URL, exactly as in the iss claim of its"
                " tokens, because DOCREVIEW_AUTH=oauth is set"
            )
        if self.url is None:
            raise SettingsError(
                "DOCREVIEW_HTTP_URL: expected the URL that users enter, such as https://mcp.example.com/mcp,"
                " because DOCREVIEW_AUTH=oauth is set and tokens are issued for this URL"
            )
        if self.oauth_client is None and self.oauth_client_secret is not None:
            raise SettingsError(
                "DOCREVIEW_OAUTH_CLIENT: expected the panel's client ID, because"
                " DOCREVIEW_OAUTH_CLIENT_SECRET is set"
            )


def read_http_settings(**given: Any) -> HttpSettings:
    """The settings from the environment, with those given here put before them.

    Raises:
        SettingsError: in one line, which variable or option is at fault and what it wants.
    """
    try:
        return HttpSettings(**given)
    except ValidationError as error:
        raise settings_fault(error, HttpSettings, given) from None
