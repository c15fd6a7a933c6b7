"""Every command has a manual, and the list of commands is quick."""

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
    assert "Changes" in text or "Writes" in text
    assert "Print" in text
    assert "\b" not in text
    assert all(len(line) <= 100 for line in text.splitlines() if " --" not in line)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_named_as_its_module(name: str) -> None:
    assert import_module(f"settlement_bridge.cli.{name}").command.name == name


def test_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    text = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert f"  {name:<10}  {summary}" in text
    for code in ("0", "1", "2", "75", "78", "130"):
        assert f"\n    {code:<4} " in text


def test_help_loads_nothing_that_takes_time() -> None:
    code = (
        "import sys; from settlement_bridge.cli.entry import run; run(['--help']); "
        "heavy = {'rich', 'pydantic', 'sqlalchemy', 'lxml', 'requests', 'settlement_bridge.bridge'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=60)

    assert done.stderr == "[]\n"


def test_a_sync_loads_neither_the_sandbox_nor_what_draws_tables() -> None:
    code = (
        "import sys; import settlement_bridge.cli.sync; "
        "print(sorted({'rich', 'settlement_bridge.sandbox'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=60)

    assert done.stdout == "[]\n"


def test_the_version() -> None:
    assert run_command("--version").out == f"settlement-bridge, version {__version__}\n"
