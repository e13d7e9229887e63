"""The house stands as designed: imports point down, at every depth, and each package is typed."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("schemas", "tools", "sandbox", "server")

LAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "schemas": (("operation",), ("state_reference",), ("document",), ("catalog",), ("__init__",)),
    "tools": (
        ("json_text", "hidden_characters"),
        ("escapes",),
        ("failure", "redaction", "secret_forms", "untrusted"),
        ("observation",),
        ("results",),
        ("beside_loop",),
        ("requests",),
        ("surface", "documents"),
        ("checks", "journal"),
        ("policy",),
        ("guards",),
        ("operation_call",),
        ("review", "lean", "history"),
        ("apply", "studio", "tables", "panel"),
        ("own_tools",),
        ("call",),
        ("__init__",),
    ),
    "sandbox": (
        ("beginning", "faults", "page_images", "page_layout", "service", "incoming"),
        ("nanonets", "studio"),
        ("application",),
        ("__init__",),
    ),
    "server": (
        (
            "version",
            "loading",
            "settings",
            "logs",
            "host_names",
            "new_files",
            "output_encoding",
        ),
        ("shared",),
        ("journal", "services", "panel"),
        ("credential_store",),
        ("telemetry",),
        ("protocol", "probe"),
        ("http", "hosts", "stdio"),
        ("__init__",),
        ("commands",),
        ("command_groups", "command_line", "command_options"),
        ("__main__",),
    ),
}
"""Each floor from the bottom up. A room (a folder or file of the floor) imports only from rooms below it."""

BELOW = {"schemas": (), "tools": ("schemas",), "sandbox": ("schemas",), "server": FLOORS[:3]}
"""The floors that each floor may import."""

FILES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
RANKS = {
    (floor, room): rank
    for floor, layers in LAYERS.items()
    for rank, layer in enumerate(layers)
    for room in layer
}


def module_name(path: Path) -> tuple[str, ...]:
    """The dotted name of a file without the package's own, a folder by its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_name(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    """A file as Python understands it."""
    return ast.parse(path.read_text())


@cache
def imports_of(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Every import of a file, inside its functions too."""
    return tuple(node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Import | ast.ImportFrom))


def imported_modules(path: Path) -> set[tuple[str, ...]]:
    """Every module of ours that a file imports, inside its functions too."""
    package = path.relative_to(ROOT).parts[:-1]
    found: set[tuple[str, ...]] = set()
    for node in imports_of(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = package[: len(package) - node.level + 1]
            module = (*start, *(node.module.split(".") if node.module else ()))
            for name in node.names:
                inner = (*module, name.name)
                found.add(inner if inner in MODULES else module)
    return found


@cache
def names_offered(path: Path) -> frozenset[str]:
    """What a file says that others may use, by its `__all__`."""
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(
            getattr(each, "id", "") == "__all__" for each in node.targets
        ):
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def room_of(module: tuple[str, ...]) -> str:
    """The folder or file of a floor that a module belongs to."""
    return module[1] if len(module) > 1 else "__init__"


def test_imports_point_down() -> None:
    wrong: list[str] = []
    for own, path in MODULES.items():
        floor, room = own[0], room_of(own)
        for module in imported_modules(path):
            shown = f"{'/'.join(own)} imports {'/'.join(module)}"
            if module not in MODULES:
                wrong.append(f"{shown}, which is no module of ours")
            elif module[0] != floor:
                if module[0] not in BELOW[floor]:
                    wrong.append(f"{shown}: {floor} may not import {module[0]}")
            elif room_of(module) != room:
                ranks = RANKS[floor, room_of(module)], RANKS[floor, room]
                # Files of one layer at the top of a floor may use each other: the test of circles holds.
                if ranks[0] > ranks[1] or (ranks[0] == ranks[1] and not len(module) == len(own) == 2):
                    wrong.append(shown)
    assert wrong == []


def test_only_what_a_file_offers_is_imported() -> None:
    wrong: list[str] = []
    for path in FILES:
        package = path.relative_to(ROOT).parts[:-1]
        for node in imports_of(path):
            if isinstance(node, ast.ImportFrom) and node.level:
                start = package[: len(package) - node.level + 1]
                module = tuple(filter(None, (*start, *(node.module or "").split("."))))
                offered = names_offered(MODULES[module])
                wrong += [
                    f"{path.relative_to(ROOT)}: {'.'.join(module)} does not offer {name.name}"
                    for name in node.names
                    if (*module, name.name) not in MODULES and name.name not in offered
                ]
    assert wrong == []


def test_no_circle_among_files() -> None:
    graph = {name: imported_modules(path) - {name} for name, path in MODULES.items()}
    TopologicalSorter(graph).prepare()


def test_our_own_packages_are_imported_relatively() -> None:
    wrong: list[str] = []
    for path in FILES:
        for node in imports_of(path):
            if isinstance(node, ast.Import):
                imported = [name.name for name in node.names]
            else:
                imported = [] if node.level else [node.module or ""]
            wrong += [
                f"{path.relative_to(ROOT)}: {name}" for name in imported if name.startswith("docreview_mcp")
            ]
    assert wrong == []


@pytest.mark.parametrize("floor", FLOORS)
def test_every_room_has_a_layer(floor: str) -> None:
    rooms = {room_of(name) for name in MODULES if name[0] == floor}
    assert rooms == {room for layer in LAYERS[floor] for room in layer}


def test_folders_are_small_and_say_what_they_are() -> None:
    folders = {path.parent for path in FILES}
    for folder in folders:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        most = 40 if folder == ROOT / "sandbox" / "studio" else 20
        assert len(files) <= most, folder
        assert ast.get_docstring(tree_of(folder / "__init__.py")), folder


def test_every_package_is_typed() -> None:
    assert all((ROOT / floor / "py.typed").exists() for floor in FLOORS)


@pytest.mark.parametrize("floor", FLOORS)
def test_what_a_package_offers_is_there(floor: str) -> None:
    package = importlib.import_module(f"docreview_mcp.{floor}")
    assert package.__all__ == sorted(
        package.__all__, key=lambda each: (not each.isupper(), each[0].islower(), each)
    )
    assert all(hasattr(package, each) for each in package.__all__)
