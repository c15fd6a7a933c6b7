"""What a user, a server or a disk can do: one clear sentence, the right exit code, never a traceback."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from settlement_bridge.cli import failures
from settlement_bridge.cli.entry import run
from settlement_bridge.sandbox import scenario
from tests.cli.command import Place, command_line, environment, place_for, run_command, served
from tests.conftest import require

FIVE_MISTAKES = """\
[report_api]
base_url = "http://example.com"
keys = "merchant"
client_secret = "s3cret-never-shown"
dialekt = "v2"

[store]
url = "mysql://db"

[sync]
parallel = 0
"""


def test_five_mistakes_are_five_lines(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.touch(mode=0o600)
    config.write_text(FIVE_MISTAKES)

    done = run_command("--config", config, "sync")

    assert done.code == 78
    assert done.out == ""
    first, *problems = done.err.splitlines()
    assert first == "settlement-bridge: the configuration cannot be used:"
    assert len(problems) >= 5
    assert all(line.startswith("  - ") for line in problems)
    for key in ("base_url", "client_id", "dialekt", "store.url", "sync.parallel"):
        assert sum(key in line for line in problems) == 1, key
    assert "s3cret-never-shown" not in done.err


def test_no_configuration_at_all(tmp_path: Path) -> None:
    done = run_command("status", cwd=tmp_path)

    assert done.code == 78
    assert "no configuration file found" in done.err


def test_a_wrong_secret_is_named_with_what_the_api_said(webshop: Place) -> None:
    webshop.rewrite("sandbox-merchant-secret", "a-wrong-one")

    done = webshop.run("sync")

    assert done.code == 78
    assert done.out == ""
    assert "client_secret" in done.err
    assert "a-wrong-one" not in done.err
    check = webshop.run("check")
    assert check.code == 78
    assert check.out.startswith("WRONG  Report API and keys: ")


def test_a_register_that_is_down_is_for_later_and_stops_no_file(tmp_path: Path) -> None:
    with served(tmp_path, scenario("webshop", days=2), "503:path=/enhetsregisteret/,times=forever") as place:
        check = place.run("check")
        assert check.code == 75
        assert "WRONG  register Enhetsregisteret: Enhetsregisteret answered 503" in check.out
        assert place.run("sync").code == 0


def test_an_unreachable_host_is_for_later(tmp_path: Path) -> None:
    place = place_for(tmp_path / "place", "http://127.0.0.1:9", scenario("webshop", days=1))

    for command in ("sync", "ledgers", "check"):
        done = place.run(command)
        assert done.code == 75, command
        assert "Connection refused" in done.err + done.out
    assert "There was no run yet" not in place.run("status").out


@pytest.mark.parametrize("breakage", ["missing", "a file", "read-only"])
def test_a_destination_that_takes_nothing(webshop: Place, breakage: str) -> None:
    with broken(webshop.published, breakage):
        _takes_nothing(webshop)


@contextmanager
def broken(folder: Path, breakage: str) -> Iterator[None]:
    if breakage != "read-only":
        folder.rmdir()
        if breakage == "a file":
            folder.touch()
        yield
    elif os.geteuid() != 0:
        folder.chmod(0o500)
        yield
    else:  # root may write everywhere, but not to what is mounted read-only
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], check=False, capture_output=True)
        require(mounted.returncode == 0, "a read-only folder for root needs the right to mount one")
        try:
            yield
        finally:
            subprocess.run(["umount", folder], check=True)


def _takes_nothing(webshop: Place) -> None:
    check = webshop.run("check")
    assert check.code == 75
    assert f"WRONG  destination local:{webshop.published}: " in check.out
    done = webshop.run("sync")
    assert done.code == 75
    due = len(webshop.run("sync", "--json").json["files"])
    assert due > 1
    assert f"failed     payout 2000001 of ledger 302321 and {due - 1} more file" in done.out
    assert [done.out.count(str(webshop.published)), webshop.run("status").out.count(" cannot be used: ")] == [1, 1]


def test_a_database_that_is_none(webshop: Place) -> None:
    (webshop.folder / "state.db").write_bytes(b"this is not a database, however long one looks at it\n" * 100)

    for command in (("sync",), ("status",), ("find", "x")):
        done = webshop.run(*command)
        assert done.code == 1, command
        assert "state.db" in done.err
        assert done.out == ""


def test_a_damaged_database(webshop: Place) -> None:
    webshop.run("sync")
    database = webshop.folder / "state.db"
    content = bytearray(database.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    database.write_bytes(content)

    done = webshop.run("status")

    assert done.code == 1
    assert len(done.err.splitlines()) == 1


def test_an_output_that_cannot_be_written(webshop: Place) -> None:
    webshop.run("sync")

    done = webshop.run("render", "302321", "2000001", "--output", "/nonexistent/folder/file.xml")

    assert done.code == 1
    assert done.err.startswith("settlement-bridge: /nonexistent/folder/")
    assert "No such file or directory" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["snyc"],
        ["sync", "--dry"],
        ["sync", "superfluous"],
        ["find"],
        ["render", "302321"],
        ["render", "302321", "first"],
        ["republish", "302321", "0"],
        ["demo", "--dialect", "v3"],
        ["sandbox", "--fault", "no-such-fault"],
        ["sandbox", "--scenario", "no-such-scenario"],
        ["sandbox", "--recorded", "/nonexistent"],
        ["completion", "tcsh"],
        ["--config"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error: " in captured.err


def run_into(stdout: TextIO, place: Place, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command_line("--config", place.config, *arguments),
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        timeout=60,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--json"], ["find", "x", "--json"]], ids=" ".join)
def test_a_full_disk_behind_stdout(synced: Place, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run_into(full, synced, arguments)

    assert done.returncode == 1
    assert "the output: No space left on device" in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["find", "x", "--json"]], ids=" ".join)
def test_an_output_that_was_closed_before(synced: Place, arguments: list[str]) -> None:
    done = closed(">&-", synced, *arguments)

    assert done.returncode == 1
    assert done.stderr == "settlement-bridge: the output: Bad file descriptor\n"


def test_where_nobody_hears_what_goes_wrong_a_sync_goes_on(webshop: Place) -> None:
    assert closed("2>&-", webshop, "sync").returncode == 0
    assert len(webshop.files()) == 5


def closed(redirection: str, place: Place, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run with a stream closed, as a shell or a supervisor may."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command_line("--config", place.config, *arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment(), timeout=60)


@pytest.mark.parametrize("arguments", [["status", "--json"], ["render", "302321", "2000001"]], ids=" ".join)
def test_a_reader_who_has_had_enough(webshop: Place, arguments: list[str]) -> None:
    webshop.run("sync")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = run_into(pipe, webshop, arguments)

    assert done.returncode == 1
    assert done.stderr == ""


def test_a_closed_pipe_is_nothing_to_talk_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.report(BrokenPipeError(32, "Broken pipe")) == 1
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_ours_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        failures.report(ZeroDivisionError())


def test_verbose_logs_requests_but_no_secrets(synced: Place) -> None:
    done = synced.run("ledgers", "--json")
    assert done.err == ""

    done = run_command("--config", synced.config, "--verbose", "ledgers", "--json")

    assert done.json["ledgers"]
    assert "/settlement/v1/ledgers" in done.err
    for secret in ("sandbox-merchant-secret", "sandbox-subscription-key", "eyJ"):
        assert secret not in done.err


@pytest.mark.parametrize("command", ["render", "republish"])
def test_a_payout_number_beyond_all_measure_is_a_wrong_argument(tmp_path: Path, command: str) -> None:
    done = run_command(command, "302321", "9" * 23, cwd=tmp_path)

    assert done.code == 2
    assert f"{'9' * 23} is not in the range 1<=x<=999999999999999999" in done.err


def test_a_day_before_all_settlements_is_a_wrong_option(tmp_path: Path) -> None:
    done = run_command("report", "16655", "--from", "0001-01-01", "--to", "2026-01-01", cwd=tmp_path)

    assert done.code == 2
    assert "Invalid value for '--from': 0001-01-01 is no day of a settlement" in done.err


def test_an_argument_that_is_no_text_is_named(synced: Place) -> None:
    odd = b"Nordb\xf8".decode(errors="surrogateescape")
    for arguments in (("find", odd), ("render", odd, "1"), ("open", odd), ("resync", odd), ("audit", odd)):
        done = synced.run(*arguments)

        assert done.code == 2, done.err
        assert "'Nordb\\udcf8' is no text in UTF-8" in done.err
