"""The manual page says what `--help` says, and man can show it."""

import re
import shutil
import subprocess

import click
import pytest

from settlement_bridge.cli.entry import COMMANDS, application
from settlement_bridge.cli.manual import manual
from tests.conftest import require


@pytest.fixture(scope="module")
def shown() -> str:
    """The page as a terminal shows it, without the marks of bold letters."""
    require(shutil.which("groff"), "install groff to look at the manual page")
    command = ["groff", "-man", "-ww", "-K", "utf8", "-T", "utf8", "-P-cbou", "-rLL=200n"]
    done = subprocess.run(command, input=manual(), capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return done.stdout


def words(text: str) -> str:
    return " ".join(text.replace("\b", "").replace("`", "").split())


def commands() -> dict[str, click.Command]:
    context = click.Context(application)
    return {name: command for name in COMMANDS if (command := application.get_command(context, name))}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sentence_option_and_example_of_a_command_is_in_it(shown: str, name: str) -> None:
    page, command = words(shown), commands()[name]
    for paragraph in (command.help or "").split("\n\n"):
        assert words(paragraph) in page
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert words(parameter.help or "") in page
            assert parameter.opts[-1] in page
    assert f"settlement-bridge {name} " in page


def test_lines_that_belong_apart_stay_apart(shown: str) -> None:
    assert re.search(r"^ +Exit codes:\n +0 +done\n", shown, re.MULTILINE)
    assert re.search(r"^ +settlement-bridge sandbox --scenario late-fees --dialect v1$", shown, re.MULTILINE)


def test_nothing_is_taken_for_a_request_to_the_typesetter(shown: str) -> None:
    page = words(shown)
    assert '"/mnt/backup/state-$(date +%F).db"' in page
    assert "./config.toml" in page
    requests = {line.partition(" ")[0] for line in manual().splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".nh", ".ad", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi"}
