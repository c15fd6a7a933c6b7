"""Keeps the rooms apart, as docs/architecture.md draws them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import settlement_bridge

PACKAGE = Path(settlement_bridge.__file__).parent
WORDS = {"", "model", "money", "errors", "instants", "transaction_ids"}
"""What every room may know: the package's own version, and the words of the field."""

MAY_KNOW = {
    "model": {"instants"},
    "money": set(),
    "errors": set(),
    "instants": set(),
    "transaction_ids": set(),
    "config": WORDS,
    "report_api": WORDS,
    "registers": WORDS,
    "store": WORDS,
    "settlement": WORDS,
    "formats": WORDS,
    "readers": WORDS,
    "comparison": WORDS,
    "publish": WORDS,
    "sftp_server": WORDS | {"store"},
    "sandbox": WORDS,
    "bridge": WORDS
    | {
        "config",
        "registers",
        "report_api",
        "store",
        "settlement",
        "formats",
        "readers",
        "comparison",
        "publish",
        "sftp_server",
    },
    "daemon": WORDS | {"config", "bridge"},
    "cli": WORDS | {"config", "bridge", "daemon", "sandbox"},
    "__main__": {"cli"},
    "schemas": set(),
}


def rooms() -> list[str]:
    return sorted(
        path.stem if path.is_file() else path.name
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    )


def modules(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def imported_rooms(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: import by full name"
            names = [
                f"{node.module}.{alias.name}" if node.module == "settlement_bridge" else str(node.module)
                for alias in node.names
            ]
        for name in names:
            parts = name.split(".")
            if parts[0] == "settlement_bridge":
                yield "" if len(parts) == 1 or parts[1].startswith("__version") else parts[1]


@pytest.mark.parametrize("room", rooms())
def test_a_room_knows_only_what_it_may(room: str) -> None:
    allowed = MAY_KNOW[room] | {room}
    for module in modules(room):
        strangers = set(imported_rooms(module)) - allowed
        assert not strangers, f"{module.relative_to(PACKAGE)} must not know {', '.join(sorted(strangers))}"


def test_every_room_has_its_line_in_the_drawing() -> None:
    drawing = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in MAY_KNOW.keys() - {"__main__", "schemas"}:
        assert f"`{room}" in drawing, f"docs/architecture.md says nothing of {room}"
