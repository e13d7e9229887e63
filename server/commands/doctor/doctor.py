"""Check what a user may have got wrong: credentials, addresses, settings, what hosts can take."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Literal, cast

import anyio
import click
from mcp import Client
from pydantic import AliasChoices

from ....schemas import Service
from ....tools import ConfirmMode, JournalFault, Tool, load_tools
from ....tools.policy.policies import Policies
from ....tools.untrusted import one_line
from ...hosts.machine import Machine
from ...http.settings import HttpSettings
from ...journal.store import open_journal
from ...logs import set_up_logging
from ...protocol.application import build_server
from ...protocol.client_limits import CLIENT_LIMITS
from ...protocol.surface import Surfaces
from ...services.files import FileAccess
from ...services.upstream import secrets_known
from ...settings.journal_place import journal_place
from ...settings.placeholders import unfilled
from ...settings.settings import Settings
from ...settings.settings_error import SettingsError
from ...shared.state import open_shared_state
from ..tools import NOTHING_CHOSEN
from .hosts import configuration_remarks
from .policy import examine_policy, permitted
from .sign_in import examine_sign_in

__all__ = ["Finding", "definition_findings", "examine"]

Level = Literal["ok", "note", "fault"]

_MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("note", "yellow"),
    "fault": ("fault", "red"),
}
_NAMES: dict[Service, str] = {"nanonets": "Nanonets", "studio": "Studio"}
_PROBES: dict[Service, str] = {"nanonets": "nanonets_list_workflows", "studio": "studio_list_projects"}
_CONFIRMED: dict[ConfirmMode, str] = {
    "never": "no call is confirmed by a person (DOCREVIEW_CONFIRM=never)",
    "destructive": "a person confirms destructive calls",
    "writes": "a person confirms every write",
}
_CREDENTIALS = ("NANONETS_API_KEY", "STUDIO_EMAIL", "STUDIO_PASSWORD", "STUDIO_TOKEN")
_MAX_NAME = 60 - len("docreview")
_PREFIX = "DOCREVIEW_"
_MANY_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and its result."""

    level: Level
    about: str
    text: str


def examine(settings: Settings) -> int:
    """Print every finding. Gives 1 if one is a fault, else 0. Sends one reading call to each service."""
    set_up_logging(settings.log_level, secrets_known(settings))
    tools = settings.selection.choose(load_tools())
    policies, remarks = examine_policy(settings, tools)
    findings = [
        *_credential_findings(settings),
        *_variable_findings(settings),
        *_network_findings(settings),
        *_file_findings(settings),
        *(Finding(level, "policy", text) for level, text in remarks),
        *(Finding(level, "sign-in", text) for level, text in examine_sign_in(policies)),
        *_check_findings(settings),
        _journal_finding(settings),
        *_redis_findings(settings),
        Finding("ok", "confirmation", _CONFIRMED[settings.confirm]),
        *definition_findings(permitted(policies.of(), tools)),
        *_host_findings(settings, policies),
        *(Finding(level, about, text) for level, about, text in configuration_remarks(Machine.this())),
        *anyio.run(_reach_services, settings),
    ]
    for finding in findings:
        mark, colour = _MARKS[finding.level]
        tools = click.style(f"{mark:<6}", fg=colour) if sys.stdout.isatty() else f"{mark:<6}"
        click.echo(f"{tools}{one_line(f'{finding.about}: {finding.text}')}")
    return 1 if any(finding.level == "fault" for finding in findings) else 0


def definition_findings(tools: list[Tool]) -> list[Finding]:
    """What the full or chosen list of tools costs, and what hosts would drop or choke on in it."""
    if not tools:
        return [Finding("note", "tools", NOTHING_CHOSEN)]
    definitions = [tool.definition() for tool in tools]
    characters = sum(tool.characters for tool in tools)
    findings = [
        Finding("ok", "tools", f"{len(tools)} tools, about {characters // 4:,} tokens of definitions")
    ]
    if characters // 4 > _MANY_TOKENS:
        findings.append(
            Finding("note", "tools", "if your host loads all of them, list fewer with --toolsets")
        )
    long = [tool.name for tool in tools if len(tool.name) > _MAX_NAME]
    if long:
        findings.append(Finding("note", "Cursor", f"drops tools whose names are too long: {', '.join(long)}"))
    if any("$ref" in json.dumps(definition) for definition in definitions):
        findings.append(Finding("fault", "tools", "a schema contains a $ref, which hosts reject"))
    return findings


def _host_findings(settings: Settings, policies: Policies) -> list[Finding]:
    """Which list each host with a known limit gets, and whether it fits."""
    surfaces = Surfaces(settings, policies)
    if not surfaces.usual.chosen:
        return []
    findings: list[Finding] = []
    for limit in CLIENT_LIMITS:
        surface = surfaces.for_client(limit.names[0])
        count = len(surface.chosen)
        message = f"gets the {surface.name} list ({count} tools); allows {limit.max_tools} across all servers"
        if count > limit.max_tools:
            findings.append(Finding("note", limit.host, f"{message}; choose --surface auto or core"))
        else:
            findings.append(Finding("ok", limit.host, message))
    return [*findings, Finding("ok", "other hosts", f"get the {surfaces.usual.name} list")]


def _credential_findings(settings: Settings) -> list[Finding]:
    if settings.sandbox:
        return [Finding("ok", "credentials", "not needed for the sandbox")]
    nanonets = settings.nanonets_api_key is not None
    by_password = bool(settings.studio_email and settings.studio_password)
    by_token = settings.studio_token is not None
    studio = "STUDIO_EMAIL and STUDIO_PASSWORD are set" if by_password else "STUDIO_TOKEN is set"
    half_login = settings.half_login
    missing: Level = "note" if nanonets or by_password or by_token or half_login else "fault"
    found = [
        Finding("ok", "Nanonets", "NANONETS_API_KEY is set")
        if nanonets
        else Finding(missing, "Nanonets", "NANONETS_API_KEY is not set"),
    ]
    if by_password or by_token:
        return [*found, Finding("ok", "Studio", studio)]
    if half_login:
        return [*found, Finding("fault", "Studio", half_login)]
    neither = "neither STUDIO_EMAIL with STUDIO_PASSWORD nor STUDIO_TOKEN is set"
    return [*found, Finding(missing, "Studio", neither)]


def _variable_findings(settings: Settings) -> list[Finding]:
    """Variables that look like settings of docreview and are none: a misspelling would go unnoticed."""
    known = [
        str(choice).removeprefix(_PREFIX)
        for field in (*Settings.model_fields.values(), *HttpSettings.model_fields.values())
        if isinstance(field.validation_alias, AliasChoices)
        for choice in field.validation_alias.choices
        if str(choice).startswith(_PREFIX)
    ]
    level: Level = "note" if settings.with_credentials else "fault"
    findings = [
        Finding(
            level, name, "contains a placeholder that the host did not fill in, so it is treated as not set"
        )
        for name in unfilled(_CREDENTIALS)
    ]
    for name in sorted(name for name in os.environ if name.upper().startswith(_PREFIX)):
        rest = name.upper().removeprefix(_PREFIX)
        if rest not in known:
            near = get_close_matches(rest, known, n=1)
            hint = f"; did you mean {_PREFIX}{near[0]}?" if near else "; see docs/settings.md"
            findings.append(Finding("note", name, f"is not a setting and has no effect{hint}"))
    return findings


def _network_findings(settings: Settings) -> list[Finding]:
    """What of the environment keeps every request from being sent; nothing where all of it can be used."""
    if settings.sandbox:
        return []
    from ...services.network_environment import NetworkSettingError, check_network

    try:
        check_network()
    except NetworkSettingError as fault:
        return [Finding("fault", "network", f"{fault}; no request can be sent")]
    return []


def _file_findings(settings: Settings) -> list[Finding]:
    policy = FileAccess(settings)
    there = [str(folder) for folder in policy.folders if folder.is_dir()]
    missing = [str(folder) for folder in policy.folders if not folder.is_dir()]
    findings = [Finding("ok", "files", f"can be uploaded from {', '.join(there) or 'nowhere'}")]
    if missing and settings.files is not None:
        findings.append(Finding("fault", "DOCREVIEW_FILES", f"no such folder: {', '.join(missing)}"))
    findings.append(Finding("ok", "downloads", f"are saved under {policy.downloads}"))
    return findings


def _check_findings(settings: Settings) -> list[Finding]:
    """Whether the check file can be used, its expressions with it."""
    if settings.checks is None:
        return []
    from ...settings.check_file import CheckFileError, examine_check_file

    try:
        file, faults = examine_check_file(settings.checks)
    except CheckFileError as error:
        return [Finding("fault", "checks", f"{error.path}: {fault}") for fault in error.faults]
    if faults:
        return [Finding("fault", "checks", f"{settings.checks}: {fault}") for fault in faults]
    content = file.content
    skipped = f", {len(content.skip)} built-in checks skipped" if content.skip else ""
    return [Finding("ok", "checks", f"{len(content.checks)} checks of your own in force{skipped}")]


def _journal_finding(settings: Settings) -> Finding:
    """Whether writes can be recorded; without that they are refused."""
    journal = open_journal(settings, secrets_known(settings))
    if journal is None:
        return Finding("note", "journal", "not kept (DOCREVIEW_JOURNAL=none), so nothing can be undone")
    try:
        anyio.run(partial(journal.entries, limit=1))
        file = journal_place(settings.journal, sandbox=settings.sandbox).file
        folder = next((each for each in file.parents if each.exists()), None) if file else None
        if folder is not None and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise JournalFault(f"The journal {file} cannot be created: {folder} is not a writable folder.")
    except JournalFault as fault:
        then = "Writes are refused until this is fixed." if settings.journal_required else ""
        return Finding("fault", "journal", f"{fault} {then}".strip())
    finally:
        journal.stop()
    location = journal.where()
    return Finding(
        "ok", "journal", f"writes are recorded {location if location == 'in memory' else f'in {location}'}"
    )


def _redis_findings(settings: Settings) -> list[Finding]:
    """Whether the Redis that servers share answers; it matters over HTTP only."""
    if settings.redis is None:
        return []

    async def look() -> str:
        state = open_shared_state(settings)
        try:
            return await state.redis_state()
        finally:
            await state.close()

    try:
        if anyio.run(look) == "ok":
            return [Finding("ok", "redis", "answers")]
    except SettingsError as error:
        return [Finding("fault", "redis", str(error))]
    message = (
        "does not answer; until it does, each server keeps its own budgets, at half the rate, and its own"
        " sessions"
    )
    return [Finding("fault", "redis", message)]


async def _reach_services(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    # What the user hid or forbade does not keep these reads from telling whether the services answer.
    with_probes = settings.model_copy(
        update={"toolsets": ("all",), "tools": (), "exclude_tools": (), "policy": None, "checks": None}
    )
    async with Client(build_server(with_probes)) as client:
        for service in settings.with_credentials:
            result = await client.call_tool(_PROBES[service], {})
            if not result.is_error:
                findings.append(Finding("ok", _NAMES[service], "answers and accepts the credentials"))
                continue
            answer = cast("dict[str, dict[str, str]]", result.structured_content)
            findings.append(
                Finding("fault", _NAMES[service], f"{answer['error']['message']} {answer['error']['next']}")
            )
    return findings
