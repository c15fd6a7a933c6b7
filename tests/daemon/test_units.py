"""The units of packaging/systemd/, as systemd itself reads them."""

import configparser
import grp
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from settlement_bridge.cli.entry import COMMANDS
from settlement_bridge.config import Daemon
from settlement_bridge.errors import EXIT_CONFIGURATION, EXIT_TRY_LATER, EXIT_USAGE
from tests.cli.command import Place
from tests.conftest import require
from tests.daemon.running import daemon
from tests.daemon.test_health import numbers
from tests.daemon.test_serving import sftp, shop
from tests.documents import ROOT

__all__ = ["shop"]

UNITS = ROOT / "packaging" / "systemd"
SERVICE, ONE_RUN, TIMER = (UNITS / f"settlement-bridge{name}" for name in (".service", "-sync.service", "-sync.timer"))
GOAL = 1.5


def analyze(*arguments: str | Path) -> str:
    require(shutil.which("systemd-analyze"), "install systemd to check its units")
    line = ["systemd-analyze", *map(str, arguments)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    program = shutil.which("true")
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/usr/bin/settlement-bridge", str(program))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    assert analyze("verify", "--man=no", *sorted(tmp_path.iterdir())) == ""


@pytest.mark.parametrize("unit", [SERVICE, ONE_RUN], ids=lambda unit: unit.name)
def test_they_are_shut_tight(unit: Path) -> None:
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analyze("security", "--offline=true", unit))
    assert found
    assert float(found[1]) <= GOAL


def sections(unit: Path) -> configparser.RawConfigParser:
    """Read a unit; of a key that stands several times, only the first counts here."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser


def test_both_services_are_confined_alike() -> None:
    confined = [unit.read_text(encoding="utf-8").partition("# A user of its own")[2] for unit in (SERVICE, ONE_RUN)]
    assert confined[0].partition("\n[Install]")[0] == confined[1]
    assert len(confined[1].splitlines()) > 30


def test_what_they_say_of_the_program_is_true() -> None:
    service, one_run = (sections(unit)["Service"] for unit in (SERVICE, ONE_RUN))
    assert [each["ExecStart"].split()[-1] for each in (service, one_run)] == ["run", "sync"]
    assert {"run", "sync"} <= COMMANDS.keys()
    assert service["TimeoutStartSec"] == "infinity"
    assert int(service["TimeoutStopSec"]) > Daemon().stop_timeout
    assert {int(code) for code in service["RestartPreventExitStatus"].split()} == {EXIT_USAGE, EXIT_CONFIGURATION}
    assert one_run["SuccessExitStatus"].split()[0] == str(EXIT_TRY_LATER)


def test_the_timer_keeps_out_of_the_first_ten_minutes() -> None:
    timer = sections(TIMER)["Timer"]
    first = int(timer["OnCalendar"].partition(":")[2])
    assert first > 10
    assert first + int(timer["RandomizedDelaySec"].removesuffix("min")) < 60
    assert timer["Persistent"] == "yes"


WITHOUT_WRITABLE_CODE = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, what systemd does for MemoryDenyWriteExecute
    sys.exit("this kernel is older than 6.3")
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_the_daemon_works_where_no_memory_may_become_code(shop: Place) -> None:
    below = [sys.executable, "-c", WITHOUT_WRITABLE_CODE]
    begun = subprocess.run([*below, "/bin/true"], check=False, capture_output=True, timeout=60)
    require(begun.returncode == 0, "this needs a kernel of 6.3 or later")
    with daemon(shop, below=below, env={"SETTLEMENT_BRIDGE_NOTIFY__URLS": "json://127.0.0.1:9"}) as running:
        assert running.event("run_finished")["exit_code"] == 0
        assert sftp(shop, running, "ls settlements").returncode == 0
        assert running.stop() == 0


def calls_in(group: str) -> set[str]:
    """Return the system calls of a group, those of the groups in it too."""
    listed = re.findall(r"^\s{4,}(@?[\w-]+)$", analyze("syscall-filter", group), re.MULTILINE)
    return {call for name in listed for call in (calls_in(name) if name.startswith("@") else {name})}


def test_it_makes_no_system_call_that_the_unit_forbids(shop: Place, tmp_path: Path) -> None:
    require(shutil.which("strace"), "install strace to see system calls")
    allowed: set[str] = set()
    for line in re.findall("^SystemCallFilter=(.*)$", SERVICE.read_text(encoding="utf-8"), re.MULTILINE):
        groups = set().union(*map(calls_in, line.lstrip("~").split()))
        allowed = allowed - groups if line.startswith("~") else allowed | groups
    counted = tmp_path / "calls"
    with daemon(shop, below=["strace", "-f", "-c", "-U", "name", "-o", str(counted)]) as running:
        running.event("waiting")
        assert sftp(shop, running, "get settlements/inbox/xml/*/*/*").returncode == 0
        running.send(signal.SIGHUP)
        running.event("waiting", 2)
        assert running.stop() == 0
    made = set(re.findall(r"^(\w+)$", counted.read_text(), re.MULTILINE)) - {"syscall", "name", "total"}
    assert {"renameat2", "fsync", "accept4"} <= made
    assert made - allowed == set()


def test_prometheus_is_told_of_the_process_where_most_of_proc_is_hidden(shop: Place) -> None:
    assert sections(SERVICE)["Service"]["ProcSubset"] == "pid"
    below = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o subset=pid proc /proc && exec "$@"', "sh"]
    begun = subprocess.run([*below, "true"], check=False, capture_output=True, timeout=60)
    require(begun.returncode == 0, "this needs root and the right to mount")
    with daemon(shop, below=below) as running:
        running.event("waiting")
        found = numbers(running)
        assert found["process_resident_memory_bytes"] > 1e6
        assert time.time() - 60 < found["process_start_time_seconds"] < time.time() + 1
        assert running.stop() == 0


def test_a_destinations_group_can_be_set_where_they_are_confined(shop: Place) -> None:
    own_users = sections(SERVICE)["Service"].get("PrivateUsers") == "yes"
    below = ["unshare", "--user", "--map-root-user"] if own_users else []
    require(os.geteuid() == 0, "only root may give files to any group")
    other = next(group for group in grp.getgrall() if group.gr_gid)
    with daemon(shop, below=below, env={"SETTLEMENT_BRIDGE_DESTINATIONS__0__GROUP": other.gr_name}) as running:
        assert running.event("run_finished")["exit_code"] == 0
        assert running.stop() == 0
    given = [path for path in shop.published.rglob("*.xml") if path.stat().st_gid == other.gr_gid]
    assert given
