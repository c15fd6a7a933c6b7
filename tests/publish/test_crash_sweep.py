"""Kills and faults at every system call of a publishing process (faults 19 and 21)."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
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
"""What changes something on the disk, or leads there: a kill before any other call leaves what one of these leaves."""


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
        command = ("-m", "tests.publish.publisher", kind, self.destination, self.record.file)
        return self._python(*command, before=strace)

    def _python(self, *arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        # A bytecode cache of its own: one that others write to would shift the count of calls from run to run.
        cache = self.folder.parent / "bytecode"
        environment = {"PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": str(cache)}
        command = (*before, sys.executable, "-S", *arguments)
        return subprocess.run(
            command, check=False, env=environment, cwd="/", text=True, capture_output=True, timeout=60
        )

    def trace(self, kind: str, *options: str) -> list[str]:
        """Return the calls of a whole run, each as strace writes it."""
        log = self.folder / "trace"
        done = self.run(kind, "strace", "-f", "-qq", "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *options)
        assert done.returncode == 0, done.stderr
        return [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]

    def points(self, kind: str) -> Iterator[tuple[str, int]]:
        """Yield every (call, N) from the first one that names the destination on."""
        self._python("-m", "tests.publish.publisher")  # fills the bytecode cache and stops for want of arguments
        seen: Counter[str] = Counter()
        reached = False
        for line in self.trace(kind):
            call = line.partition("(")[0]
            seen[call] += 1
            reached = reached or str(self.destination) in line
            if reached:
                yield call, seen[call]

    def final(self) -> bytes | None:
        file = self.destination / PATH
        return file.read_bytes() if file.exists() else None

    def tidy(self) -> bool:
        """Tell whether nothing is left of a document that was not published."""
        return self.final() is not None or not list(self.destination.iterdir())


@pytest.fixture(autouse=True)
def _strace() -> None:
    require(shutil.which("strace"), "strace is not installed: no crash sweep")
    traced = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True)
    require(traced.returncode == 0, "strace may not trace here: no crash sweep")


def violations(folder: Path, kind: str, call: str) -> list[str]:
    """Kill a publisher before each of its calls in turn, run it again, and tell what must not be."""
    found = []
    points = [point for point in Case(folder / "whole").points(kind) if point[0] == call]
    for _, number in points:
        case = Case(folder / str(number))
        inject = f"inject={call}:signal=KILL:when={number}"
        killed = case.run(kind, "strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject)
        assert killed.returncode in (-9, 137), f"{call} {number} was not reached: {killed.stderr}"
        if case.final() not in (None, CONTENT):
            found.append(f"{call} {number}: partial")
        again = case.run(kind)
        if again.returncode != 0 or case.final() != CONTENT or case.record.read()[0] != "delivered":
            found.append(f"{call} {number}: not converged: {again.stderr}")
        if list(case.folder.rglob("*.part")):
            found.append(f"{call} {number}: a draft is left")
    return found


@pytest.mark.parametrize("call", CALLS)
def test_killed_before_any_call_a_document_is_absent_or_complete_and_the_next_run_converges(
    tmp_path: Path, call: str
) -> None:
    assert violations(tmp_path, "good", call) == []


def test_the_sweep_reaches_every_call(tmp_path: Path) -> None:
    reached = {call for call, _ in Case(tmp_path / "whole").points("good")}
    assert reached == set(CALLS)


def test_the_sweep_catches_a_publisher_that_writes_in_place(tmp_path: Path) -> None:
    assert any("partial" in found for found in violations(tmp_path, "writes_in_place", "write"))


def test_the_sweep_catches_a_publisher_that_records_first(tmp_path: Path) -> None:
    assert any("not converged" in found for found in violations(tmp_path, "records_first", "renameat2"))


@pytest.mark.parametrize(
    ("error", "call"),
    [
        ("ENOSPC", "openat"),
        ("ENOSPC", "write"),
        ("ENOSPC", "mkdirat"),
        ("ENOSPC", "renameat2"),
        ("EIO", "write"),
        ("EIO", "fsync"),
        ("EIO", "ftruncate"),
        ("EIO", "renameat2"),
        ("EIO", "unlinkat"),
        ("EACCES", "openat"),
        ("EACCES", "mkdirat"),
        ("EACCES", "renameat2"),
        ("EPERM", "fchmod"),
        ("ENOLCK", "flock"),
    ],
)
def test_a_fault_at_any_call_is_reported_and_the_next_run_converges(tmp_path: Path, error: str, call: str) -> None:
    points = [point for point in Case(tmp_path / "whole").points("good") if point[0] == call]
    for _, number in points:
        case = Case(tmp_path / str(number))
        inject = f"inject={call}:error={error}:when={number}"
        log = case.folder / "trace"
        failed = case.run("good", "strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", inject)
        assert log.read_text().count("(INJECTED)") == 1
        assert case.final() in (None, CONTENT)
        assert failed.returncode in (0, 75), failed.stderr
        assert "Traceback" not in failed.stderr
        if failed.returncode == 75 and not failed.stderr.startswith("the record"):
            # Without a lock nobody may say that the draft is not somebody else's.
            assert case.tidy() or call == "flock" or case.record.read()[0] == "publishing"
        again = case.run("good")
        assert again.returncode == 0, again.stderr
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
