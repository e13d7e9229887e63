"""What can be set, from the environment or in code, and checked before anything else happens."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin
from urllib.parse import SplitResult, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ...schemas import Operation, Route, Service
from ...tools.surface.former_names import current_tool
from ...tools.surface.selection import Selection
from ...tools.surface.tool import ConfirmMode
from .faults import json_fault, settings_fault
from .journal_place import (
    check_journal,
    check_journal_key,
    journal_key_bytes,
    journal_passwords,
    keeps_journal,
)
from .placeholders import is_placeholder, without_quotes
from .rate import Rate, parse_rate
from .settings_error import SettingsError

if TYPE_CHECKING:
    from ...tools.checks.own_check import CheckFile
    from ...tools.policy.policies import Policies

__all__ = ["Settings", "is_loopback", "read_settings"]

_ADDRESS = re.compile(r"[\w.~:/@\[\]%+-]+", re.ASCII)
_REDIS = re.compile(r"(?:rediss?://[^\s/]+(?:/\d+)?|unix:///[^\s?]+)(?:\?\S*)?")
_KEYS = ("nanonets_api_key", "studio_token", "studio_email")
_QUOTED_IN_FILES = (*_KEYS, "nanonets_base_url", "studio_base_url")
"""Values around which quotation marks mean nothing; a password may begin and end with them."""

Names = Annotated[tuple[str, ...], NoDecode]


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def _named(variable: str, **more: Any) -> Any:
    """A field that the environment sets under `variable` and code under the field's own name."""
    return Field(validation_alias=AliasChoices(variable), **more)


class _Environment(EnvSettingsSource):
    """The variables of the environment."""

    def field_is_complex(self, field: FieldInfo) -> bool:
        """Whether a variable holds JSON. The library would look into each type anew at every start."""
        return get_origin(field.annotation) is dict


class Settings(BaseSettings):
    """All settings of a server. Each can be given in code by its name or by an environment variable.

    An empty variable counts as not set, and so does a placeholder that a host did not fill in.

    Raises:
        pydantic.ValidationError: a value cannot be used (see `read_settings` for one readable line).
    """

    model_config = SettingsConfigDict(
        env_ignore_empty=True, populate_by_name=True, extra="ignore", hide_input_in_errors=True, frozen=True
    )

    nanonets_api_key: SecretStr | None = _named("NANONETS_API_KEY", default=None)
    nanonets_base_url: str = _named("NANONETS_BASE_URL", default="https://app.nanonets.com")
    studio_email: str | None = _named("STUDIO_EMAIL", default=None)
    studio_password: SecretStr | None = _named("STUDIO_PASSWORD", default=None)
    studio_token: SecretStr | None = _named("STUDIO_TOKEN", default=None)
    studio_base_url: str = _named("STUDIO_BASE_URL", default="https://api.deepopinion.ai")
    sandbox: bool = _named("DOCREVIEW_SANDBOX", default=False)
    toolsets: Names = _named("DOCREVIEW_TOOLSETS", default=())
    tools: Names = _named("DOCREVIEW_TOOLS", default=())
    exclude_tools: Names = _named("DOCREVIEW_EXCLUDE_TOOLS", default=())
    read_only: bool = _named("DOCREVIEW_READ_ONLY", default=False)
    surface: Literal["auto", "full", "core", "lean"] = _named("DOCREVIEW_SURFACE", default="auto")
    paths: dict[str, str] = _named("DOCREVIEW_PATHS", default_factory=dict)
    timeout: float = _named("DOCREVIEW_TIMEOUT", default=50.0, gt=0, le=3600)
    in_flight: int = _named("DOCREVIEW_IN_FLIGHT", default=8, ge=1, le=100)
    answer_limit: int = _named("DOCREVIEW_ANSWER_LIMIT", default=60_000, ge=2_000)
    files: Annotated[tuple[Path, ...] | None, NoDecode] = _named("DOCREVIEW_FILES", default=None)
    downloads: Path | None = _named("DOCREVIEW_DOWNLOADS", default=None)
    confirm: ConfirmMode = _named("DOCREVIEW_CONFIRM", default="destructive")
    policy: Path | None = _named("DOCREVIEW_POLICY", default=None)
    checks: Path | None = _named("DOCREVIEW_CHECKS", default=None)
    journal: str | None = _named("DOCREVIEW_JOURNAL", default=None, repr=False)
    seal_keys: SecretStr | None = _named("DOCREVIEW_SEAL_KEYS", default=None)
    journal_key: SecretStr | None = _named("DOCREVIEW_JOURNAL_KEY", default=None)
    redis: SecretStr | None = _named("DOCREVIEW_REDIS", default=None)
    upstream_rate: Annotated[Rate | None, NoDecode] = _named("DOCREVIEW_UPSTREAM_RATE", default=None)
    journal_required: bool = _named("DOCREVIEW_JOURNAL_REQUIRED", default=True)
    panel: bool = _named("DOCREVIEW_PANEL", default=False)
    panel_url: str | None = _named("DOCREVIEW_PANEL_URL", default=None)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _named("DOCREVIEW_LOG_LEVEL", default="WARNING")
    log_format: Literal["text", "json"] = _named("DOCREVIEW_LOG_FORMAT", default="text")
    telemetry: Annotated[tuple[Literal["otlp", "prometheus"], ...], NoDecode] = _named(
        "DOCREVIEW_TELEMETRY", default=()
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Code first, then the environment: no file is read."""
        return init_settings, _Environment(settings_cls)

    @field_validator("*", mode="before")
    @classmethod
    def _unfilled_is_default(cls, value: Any, info: ValidationInfo) -> Any:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str) or not info.field_name:
            return value
        if info.field_name in _QUOTED_IN_FILES:
            text = without_quotes(text)
        if not text or is_placeholder(text, is_key=info.field_name in _KEYS):
            return cls.model_fields[info.field_name].get_default(call_default_factory=True)
        return text if info.field_name in _QUOTED_IN_FILES else value

    @field_validator("toolsets", "tools", "exclude_tools", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str) and not is_placeholder(value):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("telemetry", mode="before")
    @classmethod
    def _off_or_names(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        named = tuple(part.strip() for part in value.lower().split(","))
        if named in {("off",), ("otlp",), ("prometheus",), ("otlp", "prometheus"), ("prometheus", "otlp")}:
            return () if named == ("off",) else named
        raise ValueError("expected off, otlp, prometheus, or otlp,prometheus")

    @field_validator("files", mode="before")
    @classmethod
    def _folders(cls, value: Any) -> Any:
        if isinstance(value, str) and not is_placeholder(value):
            return tuple(Path(part.strip()).expanduser() for part in value.split(os.pathsep) if part.strip())
        return value

    @field_validator("log_format", mode="before")
    @classmethod
    def _lower_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("nanonets_base_url", "studio_base_url", "panel_url")
    @classmethod
    def _safe_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = value.strip()
        parts = urlsplit(value)
        if not _ADDRESS.fullmatch(value) or not _has_valid_port(parts):
            raise ValueError("expected a URL such as https://host or https://host/path")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected a URL such as https://host or https://host/path")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected a URL without user name, password, query or fragment")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is allowed only for this machine; use https")
        return value.rstrip("/")

    @field_validator("nanonets_api_key", "studio_token", "studio_password")
    @classmethod
    def _one_line(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if info.field_name != "studio_password" and not re.fullmatch(r"[!-~]+", text):
            raise ValueError("contains characters that a key or token cannot have; copy it again")
        return SecretStr(text) if info.field_name != "studio_password" else value

    @field_validator("seal_keys")
    @classmethod
    def _keys_of_32_bytes(cls, value: SecretStr | None) -> SecretStr | None:
        """Keys in base64, the newest first, with commas between them."""
        if value is None:
            return None
        keys = [each.strip() for each in value.get_secret_value().split(",")]
        if not all(_is_key(each) for each in keys):
            raise ValueError("expected a comma-separated list of keys, newest first, each 32 bytes in base64")
        return SecretStr(",".join(keys))

    @field_validator("redis")
    @classmethod
    def _address_of_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if not _REDIS.fullmatch(text):
            raise ValueError("expected a URL such as redis://host:6379/0 or rediss://:PASSWORD@host/0")
        return SecretStr(text)

    @field_validator("upstream_rate", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Any:
        return parse_rate(value) if isinstance(value, str) else value

    @field_validator("paths")
    @classmethod
    def _same_parameters(cls, value: dict[str, str]) -> dict[str, str]:
        if value:
            from .path_overrides import check_path_overrides

            check_path_overrides(value)
        return value

    @field_validator("journal")
    @classmethod
    def _place_of_journal(cls, value: str | None) -> str | None:
        """None is the user's data directory; otherwise `none`, or a URL of SQLite or PostgreSQL."""
        return None if value is None else check_journal(value)

    @field_validator("journal_key")
    @classmethod
    def _key_of_journal(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        return SecretStr(check_journal_key(value.get_secret_value()))

    @property
    def journal_key_bytes(self) -> bytes | None:
        """The secret by which the journal's records are chained."""
        return None if self.journal_key is None else journal_key_bytes(self.journal_key.get_secret_value())

    @property
    def services(self) -> tuple[Service, ...]:
        """The services that have credentials; both if neither has, or in the sandbox."""
        return self.with_credentials or ("nanonets", "studio")

    @property
    def with_credentials(self) -> tuple[Service, ...]:
        """The services that can be called; in the sandbox both."""
        if self.sandbox:
            return ("nanonets", "studio")
        has_studio = self.studio_token is not None or (self.studio_email and self.studio_password)
        found: tuple[tuple[Service, bool], ...] = (
            ("nanonets", self.nanonets_api_key is not None),
            ("studio", bool(has_studio)),
        )
        return tuple(name for name, there in found if there)

    def routes(self, operation: Operation) -> Sequence[Route]:
        """The address that the user set for an operation, or all that are known."""
        override = self.paths.get(operation.id)
        return (Route(operation.route.method, override),) if override else operation.routes

    @property
    def half_login(self) -> str:
        """What is missing for a Studio login that is only half given; empty if nothing is."""
        has_email, has_password = self.studio_email is not None, self.studio_password is not None
        if self.sandbox or self.studio_token is not None or has_email == has_password:
            return ""
        names = ("STUDIO_EMAIL", "STUDIO_PASSWORD")
        there, missing = names if has_email else reversed(names)
        return f"{there} is set without {missing}, so Studio cannot be used; set both, or STUDIO_TOKEN"

    @property
    def selection(self) -> Selection:
        """Which tools these settings show; the full list where it depends on the client."""
        return Selection(
            self.toolsets,
            tuple(current_tool(name) for name in self.tools),
            tuple(current_tool(name) for name in self.exclude_tools),
            self.read_only,
            self.services,
            "full" if self.surface == "auto" else self.surface,
            self.panel,
        )

    def read_policy(self) -> Policies:
        """The rules of the policy file, none where no file is set.

        Raises:
            SettingsError: the file is missing, cannot be read, has a fault, or no journal counts its limits.
        """
        from ...tools.policy.policies import Policies

        if self.policy is None:
            return Policies()
        from ...tools.checks.checker import Checker
        from .policy_file import check_names, read_policy

        policies = read_policy(self.policy)
        if any(each.checks is not None for each in policies.sections):
            check_names(self.policy, policies, Checker(self.read_checks()))
        if any(each.limits for each in policies.sections) and not keeps_journal(self.journal):
            raise SettingsError(
                f"DOCREVIEW_POLICY: {self.policy}: [limits] are counted in the journal, but"
                " DOCREVIEW_JOURNAL=none keeps no journal; keep one, or use [session]"
            )
        return policies

    def read_checks(self) -> CheckFile | None:
        """What the check file says, None where no file is set. Its expressions are not looked at.

        Raises:
            SettingsError: the file is missing, cannot be read or has a fault.
        """
        if self.checks is None:
            return None
        from .check_file import read_check_file

        return read_check_file(self.checks).content

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values in these settings."""
        every = (self.nanonets_api_key, self.studio_password, self.studio_token, self.journal_key)
        own = tuple(value for entry in every if entry is not None and (value := entry.get_secret_value()))
        keys = self.seal_keys.get_secret_value().split(",") if self.seal_keys is not None else ()
        redis = self.redis.get_secret_value() if self.redis is not None else None
        return (*own, *keys, *journal_passwords(self.journal), *journal_passwords(redis))


def read_settings(**given: Any) -> Settings:
    """The settings from the environment, with those given here put before them.

    Raises:
        SettingsError: in one line, which variable or option is at fault and what it wants.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise settings_fault(error, Settings, given) from None
    except ValueError as error:
        raise json_fault(error, Settings) from None
