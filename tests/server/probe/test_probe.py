"""`docreview-mcp doctor --probe`: which addresses a service answers, found by reads, told without values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from docreview_mcp.sandbox import Sandbox
from docreview_mcp.schemas import load_operations
from docreview_mcp.server import Settings
from docreview_mcp.server.commands.probe import print_probe
from docreview_mcp.server.services.sandbox_transport import SandboxTransport, embedded

CLASSIC_HITL = re.compile(r"/studio/projects/\d+/hitls(/|$)")
LATER_VERIFY = re.compile(r"/Inferences/Model/[^/]+/ImageLevelInferences/(Verify|UnVerify)/")


class OtherAddresses(httpx2.AsyncBaseTransport):
    """A sandbox that does not know some of the addresses, and may answer others with something else."""

    def __init__(self, sandbox: Sandbox, *unknown: re.Pattern[str], answers: Mapping[str, Any] = {}) -> None:
        self._inner = SandboxTransport(sandbox)
        self._unknown = unknown
        self._answers = answers
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path
        if any(each.search(path) for each in self._unknown):
            return httpx2.Response(404, html="<h1>There is nothing here</h1>")
        if path in self._answers:
            return httpx2.Response(200, json=self._answers[path])
        return await self._inner.handle_async_request(request)


def probed(
    capsys: pytest.CaptureFixture[str], *unknown: re.Pattern[str], answers: Mapping[str, Any] = {}
) -> tuple[int, str, OtherAddresses]:
    settings, _ = embedded(Settings(journal="none"))
    network = OtherAddresses(Sandbox(), *unknown, answers=answers)
    status = print_probe(settings, network)
    return status, capsys.readouterr().out, network


def test_a_service_as_expected_needs_no_setting(capsys: pytest.CaptureFixture[str]) -> None:
    status, report, network = probed(capsys)
    assert status == 0
    assert "DOCREVIEW_PATHS" not in report
    assert "A v4 document of Nanonets is also a v2 file: yes." in report
    assert re.search(r"Nanonets: (\d+) of \d+ operations answer as documented", report)
    sent = {request.method for request in network.requests if not request.url.path.endswith("/login")}
    assert sent == {"GET"}


def test_most_reads_are_tried(capsys: pytest.CaptureFixture[str]) -> None:
    _, report, _ = probed(capsys)
    reads = [
        each
        for each in load_operations().values()
        if each.effect == "read" and each.route.method == "GET" and not each.download
    ]
    left_out = re.search(r"nothing to try it on: (.*)\.", report)
    names = set(left_out[1].split(", ")) if left_out else set[str]()
    assert len(reads) - len(names) >= 0.9 * len(reads), names


def test_other_addresses_become_the_setting_that_corrects_them(capsys: pytest.CaptureFixture[str]) -> None:
    status, report, _ = probed(capsys, CLASSIC_HITL, LATER_VERIFY)
    assert status == 0
    found = re.search(r"^DOCREVIEW_PATHS='(.*)'$", report, re.MULTILINE)
    assert found, report
    paths = json.loads(found[1])
    assert paths == {
        "listHitls": "/projects/{project_id}/hitl",
        "addHitl": "/projects/{project_id}/hitl",
        "verifyFile": "/api/v2/ImageLevelInferences/Model/{model_id}/Verify/{request_file_id}",
        "unverifyFile": "/api/v2/ImageLevelInferences/Model/{model_id}/UnVerify/{request_file_id}",
    }
    assert Settings(paths=paths).paths == paths


def test_what_answers_nowhere_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status, report, _ = probed(capsys, re.compile(r"/hitls?(/|$)"))
    assert status == 1
    assert "listHitls: GET /projects/{project_id}/hitls: not found (404)" in report
    assert "listHitls: GET /projects/{project_id}/hitl: not found (404)" in report


def test_a_document_that_is_no_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, report, _ = probed(capsys, re.compile(r"/GetPredictions/"))
    assert "A v4 document of Nanonets is also a v2 file: no." in report


def test_the_report_names_types_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    strange = {"items": [{"id": "the-secret-project", "name": 7}, {"id": 12, "name": ["Acme, IBAN DE12"]}]}
    _, report, network = probed(capsys, answers={"/studio/projects": strange["items"]})
    assert "answer[].name: documented as string, came integer" in report
    assert "answer[].name: documented as string, came array" in report
    for hidden in ("secret", "Acme", "DE12", "127.0.0.1"):
        assert hidden not in report
    document = next(
        request.url.path.rsplit("/", 1)[-1]
        for request in network.requests
        if "/documents/" in request.url.path
    )
    assert document not in report


def test_without_credentials_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    network = OtherAddresses(Sandbox())
    assert print_probe(Settings(journal="none"), network) == 1
    assert network.requests == []
    assert "nothing was sent" in capsys.readouterr().err
