"""What each setting is called and means, for the forms of hosts, registries and references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import AliasChoices, SecretStr
from pydantic_settings import BaseSettings

from .settings import Settings

__all__ = ["OFFERED", "SETTING_TEXTS", "SettingText", "is_secret", "variables_of"]


@dataclass(frozen=True, slots=True)
class SettingText:
    """The title of a setting and a sentence or two about it; `more` is for the reference, in Markdown."""

    title: str
    description: str
    more: str = ""


SETTING_TEXTS: Mapping[str, SettingText] = {
    "NANONETS_API_KEY": SettingText(
        "Nanonets API key", "From your Nanonets account. Leave empty if you do not use Nanonets."
    ),
    "NANONETS_BASE_URL": SettingText(
        "Nanonets base URL", "A different base URL for Nanonets; plain http only for this machine."
    ),
    "STUDIO_EMAIL": SettingText(
        "DeepOpinion Studio e-mail address",
        "Leave empty if you do not use Studio.",
        more="The server signs in at the first call that needs Studio.",
    ),
    "STUDIO_PASSWORD": SettingText(
        "DeepOpinion Studio password", "Used to sign in, together with the e-mail address."
    ),
    "STUDIO_TOKEN": SettingText(
        "DeepOpinion Studio token", "A session token instead of e-mail address and password."
    ),
    "STUDIO_BASE_URL": SettingText(
        "Studio base URL", "A different base URL for Studio; plain http only for this machine."
    ),
    "DOCREVIEW_SANDBOX": SettingText(
        "Try it on sample data", "Uses built-in documents instead of the services; no account needed."
    ),
    "DOCREVIEW_TOOLSETS": SettingText(
        "Toolsets",
        "Names of toolsets, separated by commas. If empty, all documented tools of the services for which"
        " credentials are set.",
        more="See [Which tools](review.md#which-tools).",
    ),
    "DOCREVIEW_TOOLS": SettingText("Tools", "Names of tools to offer, alone or in addition to the toolsets."),
    "DOCREVIEW_EXCLUDE_TOOLS": SettingText(
        "Tools to leave out",
        "Names of tools, separated by commas.",
        more="A review tool may still do what they do; to forbid that, use a [policy](policy.md).",
    ),
    "DOCREVIEW_READ_ONLY": SettingText("Read only", "Offers only tools that change nothing."),
    "DOCREVIEW_SURFACE": SettingText(
        "Tool list",
        "Which tools are listed: auto (default), full, core or lean. Tools that are not listed can be found"
        " and run.",
        more="See [The tool lists](review.md#the-tool-lists).",
    ),
    "DOCREVIEW_PATHS": SettingText(
        "Paths",
        "A JSON object from operation id to path template, for services that use other paths.",
        more="`docreview-mcp doctor --probe` prints what your account needs.",
    ),
    "DOCREVIEW_TIMEOUT": SettingText("Timeout", "Time limit of a call with its retries, in seconds."),
    "DOCREVIEW_IN_FLIGHT": SettingText(
        "Requests at once",
        "Maximum number of concurrent requests to each service.",
        more="The default for `docreview-mcp http` is 32.",
    ),
    "DOCREVIEW_UPSTREAM_RATE": SettingText(
        "Rate of requests",
        "Maximum rate of requests to each service for one account, such as 60/minute.",
        more="Servers that share a Redis share the limit. A request waits for its turn; if the wait would"
        " exceed the call's time limit, the request is not sent and fails with `rate_limited`.",
    ),
    "DOCREVIEW_REDIS": SettingText(
        "Redis",
        "URL of a Redis that several servers share.",
        more="Such as `redis://host:6379/0`, `rediss://:PASSWORD@host:6380/0` or `unix:///path`. "
        "See [Several servers](http.md#several-servers).",
    ),
    "DOCREVIEW_PANEL": SettingText(
        "Review panel",
        "Lists the tools of the review panel to every host, not only to hosts that show panels.",
        more="See [The review panel](panel.md#in-the-chat).",
    ),
    "DOCREVIEW_PANEL_URL": SettingText(
        "Address of the panel",
        "The URL at which the review panel opens in a browser; tools return it.",
        more="The default over HTTP is the server's own `/panel`.",
    ),
    "DOCREVIEW_ANSWER_LIMIT": SettingText(
        "Size of results", "Maximum size of a result, in characters of JSON."
    ),
    "DOCREVIEW_FILES": SettingText(
        "Folders that files may be sent from",
        "If empty: Documents, Downloads and Desktop. Separate several folders as in PATH.",
        more="The working directory is added unless it is `/` or your home directory. `docreview-mcp stdio"
        " FOLDER ...` accepts folders as well.",
    ),
    "DOCREVIEW_DOWNLOADS": SettingText(
        "Folder for downloads",
        "If empty: docreview in your Downloads folder.",
        more="By default `Downloads/docreview`.",
    ),
    "DOCREVIEW_CONFIRM": SettingText(
        "What a person confirms",
        "destructive (default), writes or never.",
        more="See [Confirmation](guards.md#confirmation).",
    ),
    "DOCREVIEW_POLICY": SettingText(
        "Policy file",
        "A TOML file with rules for the assistant. If empty, there are no rules.",
        more="See [Policy](policy.md).",
    ),
    "DOCREVIEW_CHECKS": SettingText(
        "Check file",
        "A TOML file with your own checks on documents. Optional.",
        more="It can also name your fields. See [Checks](checks.md).",
    ),
    "DOCREVIEW_JOURNAL": SettingText(
        "Journal",
        "Where writes are recorded: an SQLite or PostgreSQL URL, or none.",
        more="By default, a file in your data directory. See [The journal](guards.md#the-journal).",
    ),
    "DOCREVIEW_SEAL_KEYS": SettingText(
        "Keys of confirmation codes",
        "Keys of 32 bytes in base64, newest first, separated by commas.",
        more="They seal confirmation codes, stored credentials and data in Redis. The default is a random"
        " key for one process. Required with PostgreSQL, Redis and stored credentials.",
    ),
    "DOCREVIEW_JOURNAL_KEY": SettingText(
        "Key of the journal",
        "32 bytes in base64. Without this key, nobody can rewrite the journal unnoticed.",
    ),
    "DOCREVIEW_JOURNAL_REQUIRED": SettingText(
        "Journal required", "0 allows writes even if the journal cannot be written."
    ),
    "DOCREVIEW_LOG_LEVEL": SettingText(
        "Log level",
        "DEBUG, INFO, WARNING or ERROR. Logs go to stderr, with secrets masked and without answers.",
    ),
    "DOCREVIEW_LOG_FORMAT": SettingText(
        "Log format",
        "text, or json for one line of JSON per record and tool call.",
        more="The default for `docreview-mcp http` is json. See [Logs, metrics and"
        " traces](http.md#logs-metrics-and-traces).",
    ),
    "DOCREVIEW_TELEMETRY": SettingText(
        "Telemetry",
        "Metrics and traces for operators: off (default), otlp, prometheus or otlp,prometheus.",
        more="See [Logs, metrics and traces](http.md#logs-metrics-and-traces).",
    ),
}
"""The settings of a server, by variable."""

OFFERED = (
    "NANONETS_API_KEY",
    "STUDIO_EMAIL",
    "STUDIO_PASSWORD",
    "STUDIO_TOKEN",
    "DOCREVIEW_SANDBOX",
    "DOCREVIEW_READ_ONLY",
    "DOCREVIEW_TOOLSETS",
    "DOCREVIEW_CONFIRM",
    "DOCREVIEW_POLICY",
    "DOCREVIEW_CHECKS",
    "DOCREVIEW_FILES",
    "DOCREVIEW_DOWNLOADS",
)
"""Those that a form of a host or a registry asks for, in its order."""


def variables_of(model: type[BaseSettings] = Settings) -> dict[str, str]:
    """The environment variable of each field of a settings model."""
    return {
        name: str(field.validation_alias.choices[0])
        for name, field in model.model_fields.items()
        if isinstance(field.validation_alias, AliasChoices)
    }


def is_secret(variable: str) -> bool:
    """Whether a variable holds a secret, so that no file and no screen is to show it."""
    fields = {alias: Settings.model_fields[name] for name, alias in variables_of().items()}
    return variable in fields and SecretStr in getattr(fields[variable].annotation, "__args__", ())
