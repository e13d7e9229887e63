"""The programs that `docreview-mcp setup` knows: facts about others, as data.

Where a file is and what stands in it is what the documentation at `source` says, and what their code does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .machine import Machine

__all__ = ["HOSTS", "Format", "Host", "Secrets"]

Format = Literal["json", "toml", "yaml"]
Secrets = Literal["reference", "prompt", "names", "inherited", "none"]


@dataclass(frozen=True, slots=True)
class Host:
    """A program that starts MCP servers.

    `client` is the name that it gives of itself. The entry is at `path` in its file, with `constant` keys.
    `secrets` says how a value stays out of the file: by a `reference` to the environment, by a question of
    the host (`prompt`), by a list of `names` under `names_key`, because the host passes its environment on
    (`inherited`), or not at all (`none`). There a tool's name is `prefix` and its own, at most `max_name`
    characters; `then` is what to do after writing.
    """

    name: str
    title: str
    client: str
    format: Format
    file: Callable[[Machine], Path]
    path: tuple[str, ...]
    secrets: Secrets
    source: str
    reference: str = ""
    names_key: str = ""
    command_key: str = "command"
    environment_key: str = "env"
    constant: Mapping[str, object] = field(default_factory=dict[str, object])
    prefix: str = ""
    max_name: int = 64
    then: str = ""


def _claude_desktop(machine: Machine) -> Path:
    """On Windows the app may be a package, and then reads only the folder of the package."""
    name = Path("Claude") / "claude_desktop_config.json"
    if machine.is_windows:
        packages = sorted((machine.local / "Packages").glob("Claude_*/LocalCache/Roaming"))
        if packages:
            return packages[-1] / name
    return machine.roaming / name


def _goose(machine: Machine) -> Path:
    root = Path(machine.environ.get("GOOSE_PATH_ROOT", ""))
    if root.is_absolute():
        return root / "config" / "config.yaml"
    if machine.is_windows:
        return machine.roaming / "Block" / "goose" / "config" / "config.yaml"
    return machine.config / "goose" / "config.yaml"


def _zed(machine: Machine) -> Path:
    if machine.is_windows:
        return machine.roaming / "Zed" / "settings.json"
    folder = machine.home / ".config" if machine.platform == "macos" else machine.config
    return folder / "zed" / "settings.json"


HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host(
            "claude-desktop",
            "Claude Desktop",
            "claude-ai",
            "json",
            _claude_desktop,
            ("mcpServers", "docreview"),
            "none",
            "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
            then="Quit Claude Desktop and start it again.",
        ),
        Host(
            "claude-code",
            "Claude Code",
            "claude-code",
            "json",
            lambda machine: machine.folder("CLAUDE_CONFIG_DIR", "") / ".claude.json",
            ("mcpServers", "docreview"),
            "reference",
            "https://code.claude.com/docs/en/mcp",
            reference="${{{name}:-}}",
            constant={"type": "stdio"},
            prefix="mcp__docreview__",
            then="/mcp shows the server. Claude Code writes the same file: close it before you use --write.",
        ),
        Host(
            "vscode",
            "VS Code",
            "visual studio code",
            "json",
            lambda machine: machine.roaming / "Code" / "User" / "mcp.json",
            ("servers", "docreview"),
            "prompt",
            "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
            reference="${{input:{id}}}",
            constant={"type": "stdio"},
            prefix="mcp_docreview_",
            then=(
                "VS Code asks for each secret when it first starts the server; leave those you don't use"
                " empty."
            ),
        ),
        Host(
            "cursor",
            "Cursor",
            "cursor-vscode",
            "json",
            lambda machine: machine.home / ".cursor" / "mcp.json",
            ("mcpServers", "docreview"),
            "reference",
            "https://cursor.com/docs/context/mcp",
            reference="${{env:{name}}}",
            prefix="docreview",
            max_name=60,
            then="Turn the server on in Cursor's settings, under MCP.",
        ),
        Host(
            "codex",
            "Codex",
            "codex-mcp-client",
            "toml",
            lambda machine: machine.folder("CODEX_HOME", ".codex") / "config.toml",
            ("mcp_servers", "docreview"),
            "names",
            "https://developers.openai.com/codex/mcp",
            names_key="env_vars",
            constant={"startup_timeout_sec": 60},
            prefix="mcp__docreview__",
            then="Restart Codex; /mcp shows the server.",
        ),
        Host(
            "gemini-cli",
            "Gemini CLI",
            "gemini-cli-mcp-client",
            "json",
            lambda machine: machine.home / ".gemini" / "settings.json",
            ("mcpServers", "docreview"),
            "reference",
            "https://geminicli.com/docs/tools/mcp-server",
            reference="${{{name}}}",
            prefix="mcp_docreview_",
            max_name=63,
            then="Restart Gemini CLI in a folder that you trust; /mcp shows the server.",
        ),
        Host(
            "zed",
            "Zed",
            "zed",
            "json",
            _zed,
            ("context_servers", "docreview"),
            "inherited",
            "https://zed.dev/docs/ai/mcp",
            constant={"source": "custom"},
            prefix="",
            then="Set the variables in the environment that Zed starts in, such as that of your login shell.",
        ),
        Host(
            "goose",
            "Goose",
            "goose",
            "yaml",
            _goose,
            ("extensions", "docreview"),
            "names",
            "https://block.github.io/goose/docs/guides/config-files",
            names_key="env_keys",
            command_key="cmd",
            environment_key="envs",
            constant={
                "enabled": True,
                "type": "stdio",
                "name": "docreview",
                "description": "Document review in Nanonets and DeepOpinion Studio",
                "timeout": 300,
            },
            prefix="docreview__",
            then="Goose reads each secret from its environment, or from the keychain after goose configure.",
        ),
        Host(
            "windsurf",
            "Windsurf",
            "windsurf-client",
            "json",
            lambda machine: machine.home / ".codeium" / "windsurf" / "mcp_config.json",
            ("mcpServers", "docreview"),
            "reference",
            "https://docs.windsurf.com/windsurf/cascade/mcp",
            reference="${{env:{name}}}",
            then="Press the refresh button in Windsurf's MCP settings.",
        ),
    )
}
"""Each host by its name on the command line."""
