"""What people see: on a terminal of 80 columns, in a pipe, without colours where none are wanted."""

import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from settlement_bridge.cli.output import count, printable
from settlement_bridge.cli.tables import amount, cell, show, table
from tests.cli.command import Place, command_line, environment

LONG = "settlements/inbox/xml/998724341/16655/" + "a-name-that-no-column-can-hold-in-one-line-" * 3


def on_terminal(place: Place, *arguments: str, **env: str) -> str:
    """Run on a terminal of 80 columns and return what it shows, escape sequences included."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        command_line("--config", place.config, *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color", **env),
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode()


def test_colours_on_a_terminal_only_and_not_where_unwanted(synced: Place) -> None:
    assert "\x1b[32mok" in on_terminal(synced, "status")
    assert "\x1b[3" not in on_terminal(synced, "status", NO_COLOR="1")
    assert "\x1b" not in synced.run("status").out


def test_a_status_fits_into_80_columns(synced: Place) -> None:
    lines = on_terminal(synced, "status", NO_COLOR="1").splitlines()
    header = next(line for line in lines if "Ledger" in line)
    assert "State" in header
    assert lines[lines.index(header) + 2].strip().endswith("ok")


def test_a_long_sync_shows_a_bar_on_a_terminal(webshop: Place) -> None:
    assert "5 files published" in on_terminal(webshop, "sync")


def test_in_a_pipe_nothing_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    shown = table("Name", "Amount", right=("Amount",))
    shown.add_row(cell(LONG * 3), amount(-5))
    show(shown)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].split("   ") == [LONG * 3, " -0.05"]


def test_on_a_narrow_terminal_text_is_folded_and_amounts_stay_whole() -> None:
    shown = table("Ledger", "Name", "Amount", right=("Amount",))
    shown.add_row(cell("302321"), cell(LONG), amount(123456789))
    console = Console(width=40, record=True, file=StringIO())
    console.print(shown)

    lines = console.export_text().splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[2].endswith("1234567.89")
    assert "".join(line.removeprefix("302321").removesuffix("1234567.89").strip() for line in lines[2:]) == LONG


def test_on_the_narrowest_terminal_figures_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = table("Ledger", "Amount", right=("Amount",))
    shown.add_row(cell("302321"), amount(123456789))
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "12")
        patch.setattr(sys, "stdout", terminal)
        show(shown)
    assert terminal.getvalue().splitlines()[2].split() == ["302321", "1234567.89"]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_no_text_can_steer_the_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) == text or not text.isprintable()


def test_names_with_escapes_and_markup_are_shown_as_they_are() -> None:
    assert printable("\x1b]0;title\x07 [red]ø") == "\\x1b]0;title\\x07 [red]ø"
    assert cell("\x1b[2J[bold]x[/bold]").plain == "\\x1b[2J[bold]x[/bold]"


def test_counts_have_their_nouns() -> None:
    assert [count(1, "file"), count(0, "file"), count(1234, "entry", "entries")] == [
        "1 file",
        "0 files",
        "1,234 entries",
    ]


def test_a_terminal_without_our_letters_gets_question_marks(synced: Place) -> None:
    done = subprocess.run(
        command_line("--config", synced.config, "ledgers"),
        check=False,
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii"),
        timeout=60,
    )

    assert done.returncode == 0
    assert b"Nordbakst Gr?nerl?kka" in done.stdout
