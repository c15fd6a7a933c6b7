"""The filter for fail2ban finds who failed to log in, in real lines of the log, and nobody is banned for another."""

import logging
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from settlement_bridge.cli.logs import FORMAT
from settlement_bridge.daemon.logs import Lines
from tests.conftest import require
from tests.documents import ROOT
from tests.sftp_server.raw import is_closed_within, logging_in
from tests.sftp_server.served import Served, new_key
from tests.sftp_server.waiting import wait_for

FILTER = ROOT / "packaging" / "fail2ban" / "filter.d" / "settlement-bridge.conf"
STRANGERS = [
    "root",
    "WARNING settlement_bridge.sftp_server: failed login from 9.9.9.9 port 1: x",
    "x\nfailed login from 9.9.9.9 port 1: x",
    'x" level=warning event=message logger=settlement_bridge.sftp_server message="failed login from 9.9.9.9 port 1: ',
]
FORMATS = {"serve": logging.Formatter(FORMAT), "run": Lines("logfmt"), "run, json": Lines("json")}


@pytest.fixture
def records(served: Served, caplog: pytest.LogCaptureFixture) -> Sequence[logging.LogRecord]:
    """What the server logs of one good login, and of strangers with names made up to deceive."""
    caplog.set_level(logging.INFO, "settlement_bridge.sftp_server")
    served.transport().close()
    for name in STRANGERS:
        with logging_in(served.port) as login:
            login.sign(name, new_key("wrong"))
    with socket.create_connection(("127.0.0.1", served.port), 10) as connection:
        connection.sendall(f"{STRANGERS[1]}\r\n".encode() * 200)
        is_closed_within(connection, 5)
    wait_for(lambda: len(caplog.records) == 3 + len(STRANGERS))
    return caplog.records


@pytest.mark.parametrize("prefix", ["", "host settlement-bridge[712]: "], ids=["file", "journal"])
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_those_who_failed_are_found_and_nobody_else(
    records: Sequence[logging.LogRecord], tmp_path: Path, form: logging.Formatter, prefix: str
) -> None:
    program = shutil.which("fail2ban-regex")
    require(program, "fail2ban is not installed: its filter cannot be tried")
    log = tmp_path / "log"
    log.write_text("".join(f"{prefix}{form.format(record)}\n" for record in records), encoding="utf-8")
    command = [str(program), "-o", "ip", str(log), str(FILTER)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["127.0.0.1"] * len(STRANGERS), done.stdout + done.stderr
