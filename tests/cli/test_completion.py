"""The Tab key."""

import shutil
import subprocess

import pytest

from settlement_bridge.cli.entry import COMMANDS
from tests.cli.command import run_command
from tests.conftest import require


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_install_it(shell: str) -> None:
    done = run_command("completion", shell)

    assert done.code == 0
    assert done.out.startswith("# To install, once")
    assert f"settlement-bridge completion {shell}" in done.out
    assert "_SETTLEMENT_BRIDGE_COMPLETE" in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_read_the_script(shell: str) -> None:
    require(shutil.which(shell), f"install {shell} to test its completion")
    script = run_command("completion", shell).out

    subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=20)


def complete(*words: str) -> list[str]:
    done = run_command(
        _SETTLEMENT_BRIDGE_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("settlement-bridge", *words)),
        COMP_CWORD=str(len(words)),
    )
    return [line.partition(",")[2] for line in done.out.splitlines()]


def test_commands_are_completed() -> None:
    assert complete("s") == [name for name in COMMANDS if name.startswith("s")]


def test_options_are_completed() -> None:
    assert complete("--ver") == ["--verbose", "--version"]
    assert {"--ledger", "--dry-run", "--json"} <= set(complete("sync", "--"))
    assert complete("sandbox", "--dialect", "v") == ["v1", "v2"]
