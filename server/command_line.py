"""The `docreview-mcp` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .command_groups import COMMAND_GROUPS
from .command_options import settings_of, with_settings
from .host_names import HOST_NAMES
from .loading import loading
from .output_encoding import use_utf8
from .version import VERSION

__all__ = ["main"]


def _tools_with(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of tools that begin so."""
    from ..tools import load_tools

    return [tool.name for tool in load_tools() if tool.name.startswith(incomplete)]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Credentials come from NANONETS_API_KEY, and STUDIO_EMAIL with STUDIO_PASSWORD or STUDIO_TOKEN."
    " Without a command, the server serves MCP over stdio; this is how hosts start it.",
)
@click.version_option(VERSION, prog_name="docreview-mcp")
def command_line() -> None:
    """Document review in Nanonets and DeepOpinion Studio for AI agents, over MCP.

    \b
    docreview-mcp demo                 watch a review of sample documents; no account needed
    docreview-mcp --sandbox            serve sample data over stdio
    docreview-mcp setup vscode         add it to VS Code, Claude, Cursor, Codex ...
    docreview-mcp tools                list the tools that a host would see
    docreview-mcp doctor               check credentials and settings
    """


@command_line.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@with_settings
def stdio(folders: Sequence[str], **options: Any) -> None:
    """Serve MCP over stdin and stdout; hosts start this command.

    If FOLDERs are given, files may be uploaded from them instead of the folders in DOCREVIEW_FILES.
    """
    with loading():
        from .commands.stdio import serve
        from .settings.placeholders import is_placeholder

        # A bundle's form that was left empty gives its placeholder.
        named = tuple(Path(each).expanduser() for each in folders if not is_placeholder(each))
        settings = settings_of({**options, "files": named or None})
    serve(settings)


@command_line.command()
@click.option(
    "--host", metavar="ADDRESS", help="Address to listen on; by default, only this machine can connect."
)
@click.option("--port", type=int, help="Port to listen on; 8000 by default, 0 for any free port.")
@click.option(
    "--insecure-no-auth",
    is_flag=True,
    help="Let anyone on the network in; requires DOCREVIEW_AUTH=none and DOCREVIEW_HTTP_INSECURE=1.",
)
@with_settings
def http(host: str | None, port: int | None, insecure_no_auth: bool, **options: Any) -> None:
    """Serve MCP over streamable HTTP at /mcp, for many callers (docs/http.md).

    \b
    docreview-mcp http --sandbox
    DOCREVIEW_AUTH=keys DOCREVIEW_KEYS=keys.txt docreview-mcp http
    """
    from .commands.http import serve_http
    from .http.settings import read_http_settings

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    sys.exit(serve_http(settings_of(options), read_http_settings(**given), insecure_no_auth=insecure_no_auth))


@command_line.command()
@click.option("--port", type=int, default=0, help="Port to listen on; by default, any free port.")
@click.option("--no-browser", is_flag=True, help="Print the link without opening a browser.")
@click.option(
    "--workflow", metavar="ID", help="The workflow of --document. Without both, the panel opens the queue."
)
@click.option("--document", metavar="ID", help="Open this document; requires --workflow.")
@with_settings
def panel(port: int, no_browser: bool, workflow: str | None, document: str | None, **options: Any) -> None:
    """Open the review panel for Nanonets documents in your browser (docs/panel.md).

    \b
    docreview-mcp panel --sandbox
    """
    from .commands.panel import serve_panel
    from .http.settings import read_http_settings

    http = read_http_settings(host="127.0.0.1", port=port)
    ids = (workflow or "", document or "")
    sys.exit(serve_panel(settings_of(options), http, ids, opens_browser=not no_browser))


@command_line.command()
def migrate() -> None:
    """Create or upgrade the journal's tables in PostgreSQL (DOCREVIEW_JOURNAL); servers do not do this."""
    from .commands.migrate import migrate as migrate_journal

    sys.exit(migrate_journal(settings_of({})))


@command_line.command()
@click.option(
    "--pause",
    type=click.FloatRange(0, 60),
    default=0.0,
    show_default=True,
    help="Seconds to wait between steps, for an audience.",
)
def demo(pause: float) -> None:
    """Review sample documents through a real MCP client, and show each step."""
    from .commands.demo.demo import run_demo

    sys.exit(run_demo(pause))


@command_line.command()
@click.option("--json", "as_json", is_flag=True, help="Print the exact tools/list result.")
@with_settings
def tools(as_json: bool, **options: Any) -> None:
    """Show the tools that a host would see with these settings."""
    from .commands.tools import show_tools

    sys.exit(show_tools(settings_of(options), as_json))


@command_line.command()
@click.argument("tool", shell_complete=_tools_with)
@click.argument("arguments", default="{}")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the image in the result to this file; further images get a number.",
)
@with_settings
def call(tool: str, arguments: str, picture: Path | None, **options: Any) -> None:
    """Call a TOOL with ARGUMENTS, a JSON object (- reads it from stdin), and print its structured result.

    \b
    docreview-mcp call nanonets_list_workflows --sandbox
    docreview-mcp call studio_get_project '{"project_id": 1}' --sandbox
    docreview-mcp call review_region '{"workflow_id": …}' --picture page.png
    """
    from .commands.call import call_once

    text = sys.stdin.read() if arguments == "-" else arguments
    sys.exit(call_once(settings_of(options), tool, text, picture))


@command_line.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8100,
    show_default=True,
    help="Port to listen on; 0 for any free port.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the sample data.")
def sandbox(host: str, port: int, seed: int) -> None:
    """Serve the sandbox, a stand-in for both services, over HTTP."""
    from .commands.sandbox import serve_sandbox

    sys.exit(serve_sandbox(host, port, seed))


@command_line.command()
@click.option(
    "--probe",
    is_flag=True,
    help="Find out which URLs the services answer, using reads only, and print a report.",
)
@with_settings
def doctor(probe: bool, **options: Any) -> None:
    """Check credentials, reachability, settings and host limits. Prints no secrets and changes nothing.

    With --probe, try every read that the account allows, and print which URLs answer and which answers
    differ from the documentation. The report contains none of your values, ids or base URLs, so you can send
    it to us.
    """
    if probe:
        from .commands.probe import print_probe

        sys.exit(print_probe(settings_of(options)))
    from .commands.doctor.doctor import examine

    sys.exit(examine(settings_of(options)))


@command_line.command()
@click.argument("host", type=click.Choice(HOST_NAMES), metavar="HOST")
@click.option("--write", "writes", is_flag=True, help="Back up the file, write it, and show the change.")
@click.option("--undo", is_flag=True, help="Restore the newest backup of the file.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Use this file instead of your own configuration, such as a project's .mcp.json.",
)
@click.option("--with-secrets", is_flag=True, help="Write keys and passwords into the file.")
@with_settings
def setup(host: str, writes: bool, undo: bool, file: Path | None, with_secrets: bool, **options: Any) -> None:
    """Add the server to HOST's configuration: claude-desktop, claude-code, vscode, cursor, codex, gemini-cli,
    zed, goose or windsurf.

    Prints the entry for this machine and these settings, and its cost in tokens. Keys and passwords stay out
    of the file: the host reads them from its environment or asks for them.

    \b
    docreview-mcp setup vscode
    docreview-mcp setup cursor --sandbox --write
    """
    from .commands.setup import How, set_up_host, undo_setup

    how = How(writes, file, with_secrets)
    sys.exit(undo_setup(host, how) if undo else set_up_host(host, settings_of(options), how))


@command_line.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--document",
    metavar="ID|FILE",
    help="Try the checks on this document: an id, or a file with its JSON from nanonets_get_document.",
)
@click.option("--workflow", metavar="ID", help="The document's workflow; looked up if omitted.")
@with_settings
def check(file: Path, document: str | None, workflow: str | None, **options: Any) -> None:
    """Validate a FILE of checks (DOCREVIEW_CHECKS) and optionally try it on a document. Changes nothing.

    \b
    docreview-mcp check checks.toml
    docreview-mcp check checks.toml --document 1d0c0204-3c06-442f-a870-a5373514dd2d --sandbox
    """
    from .commands.check import check_file

    sys.exit(check_file(settings_of(options), file, document, workflow or ""))


@command_line.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a script with which your shell completes commands, options, hosts and tools.

    \b
    eval "$(docreview-mcp completion bash)"                                          in ~/.bashrc
    eval "$(docreview-mcp completion zsh)"                                           in ~/.zshrc
    docreview-mcp completion fish > ~/.config/fish/completions/docreview-mcp.fish    once
    """
    from .commands.completion import script_for

    click.echo(script_for(command_line, shell))


for _group in COMMAND_GROUPS:
    command_line.add_command(_group)


def main() -> None:
    """Run the command; options alone mean `stdio`. Errors are one line with the next step, and exit 2."""
    use_utf8()
    arguments = sys.argv[1:]
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments = ["stdio", *arguments]
    from ..tools.surface.selection import SelectionError
    from .settings.settings_error import SettingsError

    try:
        command_line.main(arguments, prog_name="docreview-mcp")
    except (SettingsError, SelectionError) as error:
        click.echo(f"docreview-mcp: {error}", err=True)
        sys.exit(2)
