"""The bundle for Claude Desktop: it has what it needs and nothing else, and starts as its manifest says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.settings.texts import OFFERED, SETTING_TEXTS, is_secret, variables_of
from docreview_mcp.tools import load_tools
from mcp import Client, StdioServerParameters
from PIL import Image, ImageChops

from scripts.bundle import build_bundle
from scripts.icon import ICON, drawn
from scripts.project import ROOT, project

MANIFEST: dict[str, Any] = json.loads((ICON.parent / "manifest.json").read_text(encoding="utf-8"))
CONFIG: dict[str, Any] = MANIFEST["server"]["mcp_config"]
ASKED: dict[str, Any] = MANIFEST["user_config"]

EXTRAS = ("checks", "tables")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_bundle(tmp_path_factory.mktemp("bundle"))


def filled(text: str, folder: Path, answers: dict[str, Any]) -> list[str]:
    """An argument or variable as Claude Desktop fills it in: a list becomes several arguments."""
    asked = re.fullmatch(r"\$\{user_config\.(\w+)\}", text)
    if asked and isinstance(answers.get(asked[1]), list):
        return answers[asked[1]]
    for name, value in answers.items():
        said = str(value).lower() if isinstance(value, bool) else str(value)
        text = text.replace(f"${{user_config.{name}}}", said)
    return [text.replace("${__dirname}", str(folder))]


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
async def test_it_starts_as_its_manifest_says(bundle: Path, tmp_path: Path) -> None:
    folder, environment = tmp_path / "unpacked", tmp_path / "environment"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    program, *arguments = [part for text in CONFIG["args"] for part in filled(text, folder, {"files": []})]
    assert (CONFIG["command"], program) == ("uv", "run")
    name = arguments.index(MANIFEST["name"])
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    assert arguments[:name] == ["--no-dev", *extras, "--directory", str(folder)]
    # What uv does: an environment with what is in the folder. Our dependencies are those of this one.
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    bin_folder = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = bin_folder / ("python.exe" if sys.platform == "win32" else "python")
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    no_network = ("--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "install", "--quiet", "--no-compile", *no_network, folder)
    own = tmp_path / "mine"
    own.mkdir()
    answers = {"sandbox": True, "read_only": True, "files": [str(own), str(tmp_path)]}
    words = [part for text in CONFIG["args"] for part in filled(text, folder, answers)]
    started = words[words.index(MANIFEST["name"]) :]
    variables = {key: filled(text, folder, answers)[0] for key, text in CONFIG["env"].items()}
    parameters = StdioServerParameters(
        command=str(bin_folder / started[0]), args=started[1:], env=variables, cwd=str(tmp_path)
    )
    async with Client(parameters) as client:
        tools = (await client.list_tools()).tools
        settings = json.loads((await client.read_resource("docreview://settings")).contents[0].text)  # type: ignore[union-attr]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
    assert settings["settings"]["sandbox"] is True


async def test_a_form_that_was_left_empty_is_no_setting(tmp_path: Path) -> None:
    variables = {key: filled(text, tmp_path, {})[0] for key, text in CONFIG["env"].items()}
    names = {variable: name for name, variable in variables_of().items()}
    given: dict[str, Any] = {names[key]: value for key, value in variables.items()}
    settings = Settings(**given)
    assert settings == Settings.model_construct().model_copy(update={"downloads": settings.downloads})


def test_it_carries_only_what_it_needs_and_the_same_each_time(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("manifest.json")) == MANIFEST
    top = {name.split("/")[0] for name in names}
    assert top == {
        *("manifest.json", "icon.png", "pyproject.toml", "README.md", "LICENSE"),
        *("schemas", "tools", "sandbox", "server"),
    }
    assert not [name for name in names if "__pycache__" in name or "/." in name or name.endswith(".pyc")]
    assert bundle.stat().st_size < 1_500_000
    assert build_bundle(tmp_path).read_bytes() == bundle.read_bytes()


def test_the_icon_is_what_its_script_draws() -> None:
    with Image.open(ICON) as icon:
        assert icon.size == (512, 512)
        assert not ImageChops.difference(icon.convert("RGBA"), drawn()).getbbox()


async def test_the_manifest_lists_what_the_server_offers() -> None:
    async with Client(build_server(Settings(journal="none"))) as client:
        tools, prompts = await client.list_tools(), await client.list_prompts()
    assert [each["name"] for each in MANIFEST["tools"]] == [tool.name for tool in tools.tools]
    assert [each["name"] for each in MANIFEST["prompts"]] == [prompt.name for prompt in prompts.prompts]
    for shown, prompt in zip(MANIFEST["prompts"], prompts.prompts, strict=True):
        assert shown["arguments"] == [argument.name for argument in prompt.arguments or ()]


def test_each_setting_of_the_form_is_used_and_secrets_are_sensitive() -> None:
    used = re.findall(r"\$\{user_config\.(\w+)\}", json.dumps(CONFIG))
    assert sorted(used) == sorted(ASKED)
    names = variables_of()
    assert {names[name] for name in ASKED} == set(OFFERED)
    for name, question in ASKED.items():
        assert question["title"]
        assert question["description"]
        assert question.get("sensitive", False) == is_secret(names[name])
    assert all(url.startswith("https://") for url in MANIFEST["privacy_policies"])


def test_it_has_the_extras_that_its_form_and_tools_ask_for() -> None:
    asked: set[str] = set()
    for folder in ("tools", "server"):
        for file in (ROOT / folder).rglob("*.py"):
            asked |= set(re.findall(r"docreview-mcp\[(\w+)\]", file.read_text(encoding="utf-8")))
    served = {"postgresql", "redis", "telemetry"}  # of a server for a team, which no form asks about
    assert asked - served == set(EXTRAS) <= set(project()["optional-dependencies"])


def test_every_setting_has_a_title_and_a_description() -> None:
    assert set(SETTING_TEXTS) == set(variables_of().values())
    assert all(text.title and text.description.endswith(".") for text in SETTING_TEXTS.values())


def test_names_of_tools_fit_every_host_with_its_prefix() -> None:
    from docreview_mcp.server.hosts.hosts import HOSTS

    longest = max(len(tool.name) for tool in load_tools())
    assert all(len(host.prefix) + longest <= host.max_name for host in HOSTS.values())
