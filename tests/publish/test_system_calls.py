"""What a publishing process asks of the file system, in which order, and what it does where that is refused.

`make crash-sweep` kills it, and lets it fail, at each of these calls.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from settlement_bridge.publish.destination import draft_name
from settlement_bridge.publish.local import LocalDestination
from tests.conftest import require
from tests.publish.conftest import deliver
from tests.publish.publisher import CONTENT, PATH, Record

PROJECT = Path(__file__).parents[2]
CALLS = ("openat", "write", "fsync", "fchmod", "flock", "ftruncate", "mkdirat", "renameat2", "rename", "unlinkat")


@dataclass(frozen=True)
class Case:
    """A publisher's world: a destination and a record, both empty at first."""

    folder: Path

    def __post_init__(self) -> None:
        self.destination.mkdir(parents=True)

    @property
    def destination(self) -> Path:
        return self.folder / "destination"

    @property
    def record(self) -> Record:
        return Record(self.folder / "record")

    def run(self, kind: str, *strace: str) -> subprocess.CompletedProcess[str]:
        # No bytecode is written: its files would count among the calls.
        environment = {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
        publisher = (sys.executable, "-S", "-m", "tests.publish.publisher", kind, self.destination, self.record.file)
        return subprocess.run(
            (*strace, *publisher), check=False, env=environment, cwd="/", text=True, capture_output=True, timeout=60
        )

    def trace(self, kind: str, *options: str) -> list[str]:
        """Return the calls of a whole run, each as strace writes it."""
        log = self.folder / "trace"
        done = self.run(kind, "strace", "-f", "-qq", "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *options)
        assert done.returncode == 0, done.stderr
        return [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]

    def final(self) -> bytes | None:
        file = self.destination / PATH
        return file.read_bytes() if file.exists() else None


@pytest.fixture(autouse=True)
def _strace() -> None:
    require(shutil.which("strace"), "strace is not installed: no look at system calls")
    traced = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True)
    require(traced.returncode == 0, "strace may not trace here: no look at system calls")


@pytest.mark.parametrize(("error", "call"), [("EPERM", "fchmod"), ("ENOLCK", "flock")])
def test_what_a_file_system_does_not_offer_is_reported_and_the_next_run_converges(
    tmp_path: Path, error: str, call: str
) -> None:
    case = Case(tmp_path / "case")
    failed = case.run("good", "strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}:error={error}:when=1")
    assert failed.returncode == 75
    assert "Traceback" not in failed.stderr
    assert case.final() is None
    assert case.run("good").returncode == 0
    assert case.final() == CONTENT


def _order(calls: list[str], name: str) -> str:
    """Spell a publication as one letter a call: write, sync a file, sync a folder, rename."""
    letters = []
    for line in calls:
        if name not in line:
            continue
        if line.startswith("write"):
            letters.append("w")
        elif line.startswith("fsync"):
            letters.append("f" if ".part>" in line else "d")
        elif line.startswith("rename"):
            letters.append("r")
    return "".join(letters)


def test_content_and_names_are_durable_before_the_next_step(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    (case.destination / PATH).parent.mkdir(parents=True)
    assert re.fullmatch("w+fdrd", _order(case.trace("good"), str(PATH.parent)))


def test_a_publisher_that_never_syncs_is_told_by_its_order(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    assert not re.fullmatch("w+fdrd", _order(case.trace("never_syncs"), str(PATH.parent)))


def test_every_new_folder_is_durable_before_it_is_used(tmp_path: Path) -> None:
    calls = [line for line in Case(tmp_path / "case").trace("good") if line.startswith(("renameat2", "fsync"))]
    made = [number for number, line in enumerate(calls) if line.startswith("renameat2") and PATH.name not in line]
    assert len(made) == len(PATH.parents) - 1
    for number in made:
        above = re.findall(r"<(.*?)>", calls[number])[0]
        assert calls[number + 1].startswith("fsync(")
        assert f"<{above}>" in calls[number + 1]


def test_what_is_found_after_a_kill_is_made_durable_before_it_is_recorded(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    sealed = deliver(LocalDestination(case.destination), CONTENT)
    case.record.write("publishing", sealed)
    assert _order(case.trace("good"), str(PATH.parent)) == "d"
    assert case.record.read()[0] == "delivered"


def test_a_folder_that_another_process_makes_meanwhile_is_used(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    log = case.folder / "trace"
    delay = ("-e", "trace=mkdirat,renameat2", "-e", "inject=renameat2:delay_enter=2s:when=1")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(case.run, "good", "strace", "-f", "-qq", "-o", str(log), *delay)
        _wait_until(lambda: log.exists() and "mkdirat" in log.read_text())
        (case.destination / "settlements").mkdir()
    assert waiting.result().returncode == 0, waiting.result().stderr
    assert case.final() == CONTENT
    assert not list(case.folder.rglob("*.part"))


def test_the_final_step_is_a_rename_that_cannot_replace(tmp_path: Path) -> None:
    renames = [line for line in Case(tmp_path / "case").trace("good") if PATH.name in line and "rename" in line]
    assert len(renames) == 1
    assert renames[0].startswith("renameat2(")
    assert "RENAME_NOREPLACE" in renames[0]


@pytest.mark.parametrize("error", ["ENOSYS", "EINVAL", "EOPNOTSUPP"])
def test_file_systems_without_that_rename_get_a_plain_one(tmp_path: Path, error: str) -> None:
    case = Case(tmp_path / "case")
    case.trace("good", "-e", f"inject=renameat2:error={error}")
    assert case.final() == CONTENT
    assert not list(case.folder.rglob("*.part"))


def test_the_plain_rename_does_not_replace_either(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    inject = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=renameat2:error=ENOSYS")
    (case.destination / PATH).parent.mkdir(parents=True)
    (case.destination / PATH).write_bytes(b"other")
    done = case.run("never_looks", *inject)
    assert "exists already" in done.stderr
    assert case.final() == b"other"


def test_a_file_published_while_another_process_waits_for_its_lock_is_not_touched(tmp_path: Path) -> None:
    case = Case(tmp_path / "case")
    final = case.destination / PATH
    left_over = final.with_name(draft_name(PATH))
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"sealed by another process")
    log = case.folder / "trace"
    delay = ("-e", "trace=openat,flock", "-e", "inject=flock:delay_enter=2s:when=1")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(case.run, "never_looks", "strace", "-f", "-qq", "-o", str(log), *delay)
        _wait_until(lambda: log.exists() and left_over.name in log.read_text())
        left_over.rename(final)
        left_over.write_bytes(b"")
    assert "exists already" in waiting.result().stderr
    assert case.final() == b"sealed by another process"


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)
