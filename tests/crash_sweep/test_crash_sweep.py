"""The sweep itself: `make crash-sweep` runs it over every point; here, that it sees and says what it must."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crash_sweep.child import UNEXPECTED, Say, run, tracing_refused
from crash_sweep.disks import PoweredGround, hide_mounts, mounting_refused
from crash_sweep.points import failing, killing, points_of
from settlement_bridge.errors import DeliveryFailed
from tests.conftest import require

NOBODY = 65534


def sweep(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "crash_sweep", "--workers", "2", *options]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**kept, **env},
        cwd=Path(__file__).parents[2],
        timeout=110,
    )


@pytest.fixture
def _strace() -> None:
    refused = tracing_refused()
    require(refused is None, f"no crash sweep: {refused}")


@pytest.mark.usefixtures("_strace")
def test_violations_are_shown_and_become_the_exit_code() -> None:
    done = sweep("--bad", "writes-in-place", "--every", "30")
    assert done.returncode == 1
    assert "the next run left 100716-2000001.xml missing" in done.stdout
    assert done.stderr == ""


def test_what_is_missing_is_said_and_in_ci_it_is_a_failure(tmp_path: Path) -> None:
    done = sweep("--bad", "writes-in-place", PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "killed before: skipped: strace is not installed" in done.stdout
    done = sweep("--bad", "writes-in-place", PATH=str(tmp_path), CI="true")
    assert done.returncode == 1
    assert "killed before: FAILED: strace is not installed" in done.stdout


@pytest.mark.usefixtures("_strace")
def test_work_is_killed_and_failed_at_the_very_call(tmp_path: Path) -> None:
    def work(_: Say) -> None:
        (tmp_path / "one").write_text("1")
        (tmp_path / "two").write_text("2")

    points, _ = points_of(work, tmp_path / "calls")
    second = points[-2]
    assert (second.call, second.number, second.place) == ("write", 2, "two")
    (tmp_path / "one").unlink()

    assert run(work, killing(second)).code == -9
    assert (tmp_path / "one").read_text() == "1"
    assert (tmp_path / "two").read_text() == ""
    failed = run(work, failing(second, "ENOSPC", tmp_path / "calls"))
    assert failed.said.startswith(f"{UNEXPECTED}: OSError(28, 'No space left on device')")


def test_what_a_person_is_told_is_told_apart_from_what_nobody_foresaw() -> None:
    def fails(say: Say) -> None:
        say("tries")
        raise DeliveryFailed("no room")

    assert (run(fails).code, run(fails).said) == (75, "tries\nno room\n")
    assert run(lambda say: say(str(1 // 0))).said.startswith(UNEXPECTED)


def test_a_power_cut_takes_what_nobody_synced(tmp_path: Path) -> None:
    refused = mounting_refused()
    require(refused is None, f"no power cuts: {refused}")

    def story(say: Say) -> None:
        hide_mounts()
        (tmp_path / "prepared" / "disk").mkdir(parents=True)
        (tmp_path / "prepared" / "disk" / "before").write_text("there")
        ground = PoweredGround(tmp_path / "prepared", ["disk"], tmp_path)
        ground.prepare()
        disk = ground.place / "disk"
        with (disk / "synced").open("w") as file:
            file.write("there")
            file.flush()
            os.fsync(file.fileno())
        (disk / "not-synced").write_text("there")
        (disk / "before").rename(disk / "renamed")
        ground.crash()
        ground.restore()
        for path in sorted(path for path in disk.iterdir() if path.is_file()):
            say(f"{path.name} {path.read_text()}")

    assert run(story).said == "before there\nsynced there\n"


def test_only_root_may_cut_the_power() -> None:
    def refused(say: Say) -> None:
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        say(str(mounting_refused()))

    assert run(refused).said == "only root may mount disks to cut them off\n"
