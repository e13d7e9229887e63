"""What can be set for serving over HTTP, from the environment or the command line, checked before a start."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ..rate import Rate, parse_rate
from ..settings import SettingsError, is_loopback, settings_fault
from .addresses import AllowedAddresses, fault_of_host, fault_of_origin

__all__ = ["HttpSettings", "read_http_settings"]

MEBIBYTE = 1024 * 1024

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
    auth: Literal["none", "keys"] | None = _named("DOCREVIEW_AUTH", default=None)
    keys: Path | None = _named("DOCREVIEW_KEYS", default=None)
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
            raise ValueError("expected the address that users type, such as https://mcp.example.com/mcp")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("plain http is not allowed but for this machine itself; use https")
        return value.strip()

    @field_validator("hosts", "origins", "proxies", mode="before")
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
                    "expected addresses or networks of proxies such as 10.0.0.5 or 10.0.0.0/24, with commas"
                    " between them"
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
                its address, or there is no file for the keys.
        """
        if self.auth == "keys" and self.keys is None:
            raise SettingsError(
                "DOCREVIEW_KEYS: expected the file of the keys, as DOCREVIEW_AUTH=keys is set;"
                " docreview-mcp key new NAME makes one"
            )
        if self.is_local:
            return
        if self.auth is None or (self.auth == "none" and not (insecure_no_auth and self.insecure)):
            raise SettingsError(
                f"--host {self.host}: expected DOCREVIEW_AUTH=keys, as other machines can reach this address"
                " (without authentication only with DOCREVIEW_AUTH=none, --insecure-no-auth and"
                " DOCREVIEW_HTTP_INSECURE=1)"
            )
        if self.url is None:
            raise SettingsError(
                "DOCREVIEW_HTTP_URL: expected the address that users type, such as"
                f" https://mcp.example.com/mcp, as --host {self.host} is not this machine alone"
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
