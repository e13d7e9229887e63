"""What can be set, and what is refused before anything is sent."""

from __future__ import annotations

import pytest
from docreview_mcp.server.settings.settings import read_settings
from docreview_mcp.server.settings.settings_error import SettingsError


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://user:pw@example.com",
        "https://example.com?x=1",
        "https://example.com#",
        "https://example.com?",
        "https://exa mple.com",
        "https://example.com:99999",
        "https://example.com:abc",
        "https://example.com\t/a",
    ],
)
def test_an_address_that_could_lead_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="NANONETS_BASE_URL"):
        read_settings(nanonets_base_url=address)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "https://example.com/a/b/",
        "http://127.0.0.1:8100/nanonets",
        "http://localhost",
        "http://[::1]:80",
    ],
)
def test_a_good_address_may_have_a_path_and_plain_http_on_this_machine(address: str) -> None:
    assert read_settings(studio_base_url=address).studio_base_url == address.rstrip("/")


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ümlaut"])
def test_a_token_that_no_header_can_carry_is_told_at_the_start_without_showing_it(token: str) -> None:
    with pytest.raises(SettingsError, match="STUDIO_TOKEN") as caught:
        read_settings(studio_token=token)
    assert token not in str(caught.value)


def test_blanks_around_a_copied_key_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANONETS_API_KEY", "  a-key-with-blanks \n")
    key = read_settings().nanonets_api_key
    assert key is not None
    assert key.get_secret_value() == "a-key-with-blanks"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DOCREVIEW_TIMEOUT", "0"),
        ("DOCREVIEW_IN_FLIGHT", "many"),
        ("DOCREVIEW_READ_ONLY", "perhaps"),
        ("DOCREVIEW_PATHS", '{"getProject": "/projects/{other}"}'),
        ("DOCREVIEW_PATHS", '{"getProject": "//evil.example/{project_id}"}'),
        ("DOCREVIEW_PATHS", '{"getProject": "/a/../{project_id}"}'),
        ("DOCREVIEW_PATHS", '{"getProject": "/a?x={project_id}"}'),
        ("DOCREVIEW_PATHS", "[]"),
    ],
)
def test_the_variable_at_fault_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        read_settings()


@pytest.mark.parametrize(
    "value",
    [
        "${NANONETS_API_KEY}",
        "${env:NANONETS_API_KEY}",
        "${input:nanonets-key}",
        "${user_config.nanonets_api_key}",
        "${{ secrets.KEY }}",
        "{{NANONETS_API_KEY}}",
        "$NANONETS_API_KEY",
        "%NANONETS_API_KEY%",
        "<your-api-key>",
        "<API KEY>",
        "[api-key]",
        "your-api-key",
        "YOUR_API_KEY_HERE",
        "xxxxxxxxxxxx",
        '"${NANONETS_API_KEY}"',
        "''",
    ],
)
def test_what_a_host_did_not_fill_in_is_no_credential(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANONETS_API_KEY", value)
    monkeypatch.setenv("STUDIO_TOKEN", value)
    settings = read_settings()
    assert settings.with_credentials == ()


@pytest.mark.parametrize(
    "quoted", ['"a-key-0123"', "'a-key-0123'", ' "a-key-0123" ', "\u201ca-key-0123\u201d"]
)
def test_quotes_around_a_key_are_no_part_of_it(quoted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANONETS_API_KEY", quoted)
    monkeypatch.setenv("STUDIO_PASSWORD", '"pass-word"')
    settings = read_settings()
    assert settings.nanonets_api_key is not None
    assert settings.nanonets_api_key.get_secret_value() == "a-key-0123"
    assert settings.studio_password is not None
    assert settings.studio_password.get_secret_value() == '"pass-word"'


def test_a_placeholder_in_any_setting_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STUDIO_BASE_URL", "DOCREVIEW_TIMEOUT", "DOCREVIEW_READ_ONLY", "STUDIO_PASSWORD"):
        monkeypatch.setenv(name, f"${{env:{name}}}")
    settings = read_settings()
    assert (settings.studio_base_url, settings.timeout) == ("https://api.deepopinion.ai", 50.0)
    assert settings.studio_password is None
