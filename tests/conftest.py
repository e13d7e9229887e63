"""What tests share: the network replaced by a transport, settings without the user's environment."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
import httpx2
import hypothesis
import pytest
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.server import Settings, build_server
from docreview_mcp.server.services.sandbox_transport import embedded
from docreview_mcp.tools import load_tools
from mcp import Client, ClientSession
from mcp.types import CallToolResult
from results import text_of
from virtual_clock import VirtualClockLoop, count_threads

if TYPE_CHECKING:
    from postgresql import Cluster

Era = Literal["legacy", "auto"]
ERAS: tuple[Era, ...] = ("legacy", "auto")
Answer = Callable[[httpx2.Request], httpx2.Response]

ACCOUNT: dict[str, Any] = {
    "nanonets_api_key": "nanonets-key-0123456789",
    "studio_token": "studio-token-0123456789",
}


_HOMES = count()

# The transport to the sandbox asks for this package at each request; where it is not there, that is a search.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = cast("ModuleType", None)

# `make test` looks at fewer examples than CI does, which sets DOCREVIEW_TESTS=full.
# A test that wants another number derives it from that of the profile.
hypothesis.settings.register_profile("usual", max_examples=15, database=None, deadline=None)
hypothesis.settings.register_profile("full", max_examples=150, database=None, deadline=None)
ALL_IS_TRIED = os.environ.get("DOCREVIEW_TESTS") == "full"
"""Whether this is CI, or somebody who wants to know what CI will say."""

hypothesis.settings.load_profile("full" if ALL_IS_TRIED else "usual")

recorded_again = pytest.mark.skipif(not ALL_IS_TRIED, reason="takes long; set DOCREVIEW_TESTS=full")
"""For tests that make a recording again to compare it."""

SLOW = (
    "examples/",
    "sandbox/test_application.py",
    "server/commands/",
    "server/credential_store/",
    "server/hosts/",
    "server/http/test_accounts.py",
    "server/http/test_endings.py",
    "server/http/test_many_calls.py",
    "server/http/test_several_servers.py",
    "server/journal/",
    "server/probe/",
    "server/shared/",
    "server/stdio/test_incoming_lines.py",
    "server/telemetry/",
    "server/test_command_line.py",
    "test_wheel.py",
    "tools/checks/",
    "tools/guards/test_across_processes.py",
    "tools/history/test_undo.py",
    "tools/requests/test_requests.py",
    "tools/results/test_large_answers.py",
    "tools/results/test_untrusted_text.py",
    "tools/review/test_day_jobs.py",
    "tools/review/test_review_files.py",
    "tools/review/test_review_queue.py",
    "tools/review/test_review_several.py",
)
"""The files and folders of slow tests, which `make test-fast` leaves out. A slow test elsewhere is marked."""

_A_FEW = 3
"""From so many rows on, a table is tried with each of them in one era only."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the slow tests, and take them first: at the end, no worker is left alone with a long one.

    Unless all is tried, a slow test or a row of a table is tried in one protocol era, the next in the other.
    """
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    if not ALL_IS_TRIED:
        left_out = _rows_in_the_other_era(items)
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _rows_in_the_other_era(items: Sequence[pytest.Item]) -> dict[pytest.Item, None]:
    """The tests that are left out: slow ones, and rows of tables with a few or more, in one of the eras."""
    tables: dict[str, dict[str, dict[Era, pytest.Item]]] = {}
    for item in items:
        era: Era | None = getattr(getattr(item, "callspec", None), "params", {}).get("era")
        if era is not None:
            table, _, row = item.nodeid.partition("[")
            row = re.sub(rf"(?<![^-]){era}(?![^-\]])", "", row, count=1)
            tables.setdefault(table, {}).setdefault(row, {})[era] = item
    left_out: dict[pytest.Item, None] = {}
    for rows in tables.values():
        tried_twice = [tries for tries in rows.values() if len(tries) == len(ERAS)]
        is_slow = any(item.get_closest_marker("slow") for tries in tried_twice for item in tries.values())
        if is_slow or len(rows) >= _A_FEW:
            for tries in tried_twice:
                left_out[tries[ERAS[len(left_out) % len(ERAS)]]] = None
    return left_out


def pytest_collection_finish() -> None:
    """What is loaded and collected stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_asyncio_loop_factories() -> dict[str, type[VirtualClockLoop]]:
    """No test waits for a clock: waits are jumped over as soon as nothing else can happen."""
    return {"virtual clock": VirtualClockLoop}


@pytest.fixture(autouse=True)
def threads_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The virtual clock stands while a thread works."""
    count_threads(monkeypatch)


_VALIDATORS: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def output_schemas_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client validates results by the output schemas of all tools, prepared once for all clients.

    It would list the tools before its first answer, and prepare each schema anew: a third of most tests.
    That the schemas are listed so is tested with the tool lists.
    """
    validate = ClientSession.validate_tool_result

    async def validate_tool_result(self: ClientSession, name: str, result: CallToolResult) -> None:
        known = known_output_schemas()
        if name in known and name not in self._tool_output_schemas:
            self._tool_output_schemas = {**known, **self._tool_output_schemas}
            self._tool_output_validators = _VALIDATORS
        await validate(self, name, result)

    monkeypatch.setattr(ClientSession, "validate_tool_result", validate_tool_result)


@cache
def known_output_schemas() -> dict[str, Any]:
    """The output schema of each tool by its name."""
    return {tool.name: tool.output_schema for tool in load_tools()}


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    """Both protocol eras: the handshake and the stateless one."""
    return request.param


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No credential or setting of the person who runs the tests has any effect, no file changes."""
    # Named but not made: most tests write nothing.
    home = tmp_path_factory.getbasetemp() / f"home-{next(_HOMES)}"
    for name in list(os.environ):
        if name.startswith(("NANONETS_", "STUDIO_", "DOCREVIEW_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("DOCREVIEW_DOWNLOADS", str(home / "downloads"))


@pytest.fixture
def without_umask() -> Iterator[None]:
    """New files and folders have the modes that they are made with."""
    before = os.umask(0)
    yield
    os.umask(before)


class Network(httpx2.AsyncBaseTransport):
    """Records every request, body included, and answers as the test says."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer or (lambda request: httpx2.Response(200, json={}))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        return self._answer(request)


@asynccontextmanager
async def connected(
    network: httpx2.AsyncBaseTransport | None = None, era: Era = "auto", **settings: Any
) -> AsyncGenerator[Client]:
    """A client of a server with both accounts set, unless the settings say otherwise."""
    given = Settings(**{**ACCOUNT, "confirm": "never", "journal": "none", **settings})
    async with Client(build_server(given, transport=network), mode=era) as client:
        yield client


@asynccontextmanager
async def reviewing(
    sandbox: Sandbox | None = None, era: Era = "auto", **settings: Any
) -> AsyncGenerator[tuple[Client, Sandbox]]:
    """A client of a server on a sandbox that the test holds in its hands."""
    sandbox = sandbox or Sandbox(clock=anyio.current_time)
    behind, transport = embedded(Settings(**{"confirm": "never", "journal": "none", **settings}), sandbox)
    async with Client(build_server(behind, transport=transport), mode=era) as client:
        yield client, sandbox


def answers(*responses: httpx2.Response | Exception) -> Answer:
    """One answer after the other; the last one again and again."""
    left = list(responses)

    def answer(request: httpx2.Request) -> httpx2.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return httpx2.Response(response.status_code, headers=response.headers, content=response.content)

    return answer


def told_beside(result: Any) -> dict[str, Any]:
    """What a result says beside its picture: in its text only, as hosts drop pictures beside a structure."""
    assert not result.is_error, result.structured_content
    assert result.structured_content is None
    assert [content.type for content in result.content[:2]] == ["text", "image"]
    return json.loads(text_of(result))


def own(result: Any) -> dict[str, Any]:
    """The service's own part of a structured result: all but the key that is ours."""
    return {name: value for name, value in result.structured_content.items() if name != "docreview"}


def error_of(result: Any) -> dict[str, Any]:
    """The error of a failed call, after checking that both channels carry it."""
    assert result.is_error, result.structured_content
    assert json.loads(text_of(result)) == result.structured_content
    return result.structured_content["error"]


@dataclass(frozen=True)
class Done:
    """What a finished command left behind."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that was written."""
        return self.stdout + self.stderr


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command's entry point in this process, with these words, standard input and variables."""
    from docreview_mcp.server.command_line import main

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> Done:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["docreview-mcp", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            for name, value in environment.items():
                patch.setenv(name, value)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> Run:
    """Runs `docreview-mcp setup` for a user whose home folder is empty."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in [each for each in os.environ if each.startswith("DOCREVIEW_")]:
        monkeypatch.delenv(name)
    return partial(run, "setup")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for all tests that empty it before they begin, and leave it running."""
    # Imported late, as most tests need no database.
    from postgresql import running_cluster

    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place where there is no journal yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/journal.sqlite"
    from postgresql import empty

    url = request.getfixturevalue("cluster").url
    empty(url)
    return url
