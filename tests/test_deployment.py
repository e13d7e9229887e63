"""The files in deploy/ are valid, agree with the settings, and allow no more than the server needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from docreview_mcp.server.http.settings import HttpSettings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
MANIFESTS = [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
MADE_ON = {
    "python_version": "3.11",
    "python_full_version": "3.11.0",
    "sys_platform": "linux",
    "os_name": "posix",
}
"""Where `make constraints` runs, so that libraries for it alone count as needed everywhere."""

PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def documents_in(text: str) -> list[dict[str, Any]]:
    """The objects of a file of manifests."""
    return [each for each in yaml.safe_load_all(text) if each]


def check(objects: list[dict[str, Any]]) -> None:
    """Raise if one of these is no valid object of Kubernetes, or has a property that does not exist."""
    kubernetes_validate = pytest.importorskip(
        "kubernetes_validate", reason="kubernetes-validate is not installed"
    )
    for each in objects:
        kubernetes_validate.validate(each, "1.33", strict=True)


def command(name: str) -> str:
    """A program of this environment or machine; without it, the test is skipped."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_the_dockerfile_has_no_fault() -> None:
    run = subprocess.run([command("hadolint"), DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "")


def test_all_yaml_has_no_fault() -> None:
    wanted = ("--strict", "--config-file", str(DEPLOY / ".yamllint"), str(DEPLOY))
    run = subprocess.run([command("yamllint"), *wanted], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_each_manifest_is_valid(path: Path) -> None:
    check(documents_in(path.read_text()))


def test_what_kustomize_makes_of_them_is_valid() -> None:
    folder = KUBERNETES / "overlays" / "example"
    run = subprocess.run(
        [command("kubectl"), "kustomize", folder], capture_output=True, text=True, check=True
    )
    objects = documents_in(run.stdout)
    check(objects)
    by_kind = {each["kind"]: each for each in objects}
    pod = by_kind["Deployment"]["spec"]["template"]
    budget = by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    assert budget.items() <= pod["metadata"]["labels"].items()
    assert by_kind["ConfigMap"]["data"]["DOCREVIEW_HTTP_URL"] == "https://mcp.example.com/mcp"
    assert by_kind["ConfigMap"]["metadata"]["name"] in str(pod["spec"]["containers"])
    assert by_kind["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 4


def test_servers_are_given_more_time_to_end_than_they_take() -> None:
    before, waiting = HttpSettings().drain
    server = compose()["services"]["server-1"]
    assert int(server["stop_grace_period"].removesuffix("s")) > before + waiting
    settings = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    variables = dict(each.split("=") for each in settings["configMapGenerator"][0]["literals"])
    drain = sum(float(part) for part in variables["DOCREVIEW_HTTP_DRAIN"].split(","))
    assert pod_of("deployment.yaml")["terminationGracePeriodSeconds"] > drain


@pytest.mark.parametrize("name", ["deployment.yaml", "migrate.yaml"])
def test_pods_have_no_rights(name: str) -> None:
    pod = pod_of(name)
    container = pod["containers"][0]["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["readOnlyRootFilesystem"] is True
    assert container["allowPrivilegeEscalation"] is False
    assert container["capabilities"] == {"drop": ["ALL"]}


def test_servers_in_compose_have_no_rights() -> None:
    for name in ("server-1", "server-2", "migrate"):
        service = compose()["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service


def test_the_image_runs_as_nobody_in_particular_and_looks_after_its_health() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "/healthz" in last
    assert '\nENTRYPOINT ["docreview-mcp"]\nCMD ["http"]\n' in last


def test_the_image_has_every_folder_of_the_package_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = set(project["tool"]["setuptools"]["package-dir"].values())
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert folders <= kept
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE))
    assert {name for each in copied for name in each.split()} == kept


def test_the_image_installs_what_ci_has_tested() -> None:
    tested = dict(PINNED.findall((ROOT / "constraints.txt").read_text()))
    installed = dict(PINNED.findall((DEPLOY / "requirements.txt").read_text()))
    assert installed.items() <= tested.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(each for name in ("postgresql", "redis", "telemetry") for each in extras[name]),
    ]
    names = {re.split(r"[\[<>=!;]", each)[0].strip() for each in wanted}
    assert names <= installed.keys()


def test_the_image_installs_nothing_that_nothing_needs() -> None:
    pinned = dict(PINNED.findall((DEPLOY / "requirements.txt").read_text()))
    for name, wanted in pinned.items():
        with suppress(PackageNotFoundError):
            if distribution(name).version != wanted:
                pytest.skip(f"{name} is not the version of the image, and may need other packages")
    needed: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [Requirement("docreview-mcp[postgresql,redis,telemetry]")]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), tuple(sorted(wanted.extras))
        if (name, extras) in needed:
            continue
        needed.add((name, extras))
        with suppress(PackageNotFoundError):
            for each in map(Requirement, distribution(name).requires or []):
                marker = each.marker
                if marker is None or any(marker.evaluate(MADE_ON | {"extra": of}) for of in ("", *extras)):
                    waiting.append(each)
    assert pinned.keys() <= {name for name, _ in needed}


def test_the_image_is_known_to_the_registry() -> None:
    name = json.loads((ROOT / "server.json").read_text())["name"]
    assert f'io.modelcontextprotocol.server.name="{name}"' in DOCKERFILE


def test_nginx_sends_no_write_twice_and_passes_progress_on() -> None:
    directives = re.sub(r"#.*", "", (DEPLOY / "compose" / "nginx.conf").read_text())
    assert "non_idempotent" not in directives
    assert "proxy_buffering off;" in directives


def test_nginx_finds_the_servers_at_addresses_that_stay() -> None:
    directives = re.sub(r"#.*", "", (DEPLOY / "compose" / "nginx.conf").read_text())
    asked = re.findall(r"^\s*server ([\w-]+):8000 ([^;]+);", directives, re.MULTILINE)
    assert [name for name, _ in asked] == ["server-1", "server-2"]
    # A call is lost where the list changes while nginx connects to a server that has ended.
    assert not any("resolve" in parameters for _, parameters in asked)
    services = compose()["services"]
    fixed = {name: services[name]["networks"]["inside"]["ipv4_address"] for name, _ in asked}
    assert services["nginx"]["extra_hosts"] == fixed
    (given,) = compose()["networks"]["inside"]["ipam"]["config"]
    subnet, others = (ip_network(plain(given[each])) for each in ("subnet", "ip_range"))
    for each in map(ip_address, map(plain, fixed.values())):
        assert each in subnet
        assert each not in others


def test_only_the_servers_reach_redis_and_postgresql() -> None:
    services, networks = compose()["services"], compose()["networks"]
    for database in ("redis", "postgres"):
        (network,) = services[database]["networks"]
        assert networks[network] == {"internal": True}
        assert "ports" not in services[database]
        reached_by = {name for name, each in services.items() if network in each["networks"]}
        assert reached_by == {"redis", "postgres", "migrate", "server-1", "server-2"}
    assert [name for name, each in services.items() if "ports" in each] == ["nginx"]


def plain(text: str) -> str:
    """A value of the Compose file with the defaults of its variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def compose() -> dict[str, Any]:
    """The Compose file."""
    return yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())


def pod_of(name: str) -> dict[str, Any]:
    """The pod in a manifest."""
    return documents_in((KUBERNETES / "base" / name).read_text())[0]["spec"]["template"]["spec"]
