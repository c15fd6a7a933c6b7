"""A folder with a configuration file in it."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.config import load
from settlement_bridge.errors import ConfigurationError

GOOD = """\
[report_api]
client_id = "an-id"
client_secret = "a-secret"
subscription_key = "a-subscription"

[store]
url = "sqlite:///state.db"
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str, name: str = "config.toml", mode: int = 0o600) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write_file


def problems_of(path: Path | None, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(path, environ or {})
    return caught.value.problems


def only_problem(path: Path | None, environ: dict[str, str] | None = None) -> str:
    (problem,) = problems_of(path, environ)
    return problem


def toml(value: Any) -> str:
    """Write any value as TOML, tables inline."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case date() | datetime() | time():
            return value.isoformat()
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
        case _:
            return repr(value)
