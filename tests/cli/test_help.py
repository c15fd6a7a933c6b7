"""Every command has a manual, and the list of commands is quick."""

import re
import subprocess
import sys
from importlib import import_module

import pytest

from settlement_bridge import __version__
from settlement_bridge.cli.entry import COMMANDS, run
from tests.cli.command import environment, run_command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_manual(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"Usage: settlement-bridge {name} ")
    assert "Exit codes:\n" in text
    assert "Example:\n" in text or "Examples:\n" in text
    assert re.search("[Cc]hanges|Writes", text)
    assert re.search("Prints?|stdout", text)
    assert "\b" not in text
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_named_as_its_module(name: str) -> None:
    assert import_module(f"settlement_bridge.cli.{name.replace('-', '_')}").command.name == name


def test_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    text = capsys.readouterr().out
    words = " ".join(text.split())
    for name, summary in COMMANDS.items():
        assert f"\n  {name} " in text
        assert f" {name} {summary}" in words
    for code in ("0", "1", "2", "75", "78", "130"):
        assert f"\n    {code:<4} " in text


def loaded_by(code: str, *names: str) -> list[str]:
    """Which of these modules some code imports."""
    told = f"import sys; {code}; print(*sorted({set(names)} & set(sys.modules)), file=sys.stderr)"
    command = [sys.executable, "-c", told]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(), timeout=60
    ).stderr.split()


def test_help_loads_nothing_that_takes_time() -> None:
    code = "from settlement_bridge.cli.entry import run; run(['--help'])"
    assert loaded_by(code, "click", "rich", "pydantic", "sqlalchemy", "lxml", "requests") == ["click"]


def test_a_sync_loads_neither_the_sandbox_nor_what_draws_tables_nor_sftp() -> None:
    code = "import settlement_bridge.cli.sync"
    assert loaded_by(code, "sqlalchemy", "rich", "paramiko", "settlement_bridge.sandbox") == ["sqlalchemy"]


def test_the_version() -> None:
    assert run_command("--version").out == f"settlement-bridge, version {__version__}\n"
