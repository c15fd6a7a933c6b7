"""Disks that are full, read-only or somebody else's: a sentence, nothing partial, and all is well once they are not."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from settlement_bridge.errors import DeliveryFailed
from settlement_bridge.publish.destination import Destination
from settlement_bridge.publish.local import LocalDestination
from tests.conftest import require
from tests.publish.conftest import CONTENT, PATH, deliver

NOBODY = 65534


def _deliver_or_discard(destination: Destination) -> None:
    """Write in small pieces, as a format does, and clean up as the bridge does."""
    draft = destination.draft(PATH)
    try:
        for start in range(0, len(CONTENT), 4096):
            draft.stream.write(CONTENT[start : start + 4096])
        draft.seal()
    except DeliveryFailed:
        draft.discard()
        raise
    draft.publish()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB, smaller than the document."""
    require(os.geteuid() == 0, "only root may mount a tiny disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tiny", disk], check=False)
    require(mounted.returncode == 0, "no tmpfs can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_reported_and_nothing_is_left_on_it(tiny_disk: Path) -> None:
    destination = LocalDestination(tiny_disk)
    with pytest.raises(
        DeliveryFailed, match=r"16655-2000001\.xml\.part cannot be used: no space left .*free some space"
    ):
        _deliver_or_discard(destination)
    assert list(tiny_disk.iterdir()) == []

    subprocess.run(["mount", "-o", "remount,size=8m", tiny_disk], check=True)
    _deliver_or_discard(destination)
    assert (tiny_disk / PATH).read_bytes() == CONTENT


def test_checking_finds_a_full_disk(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (tiny_disk / "filler").write_bytes(bytes(1 << 20))
    with pytest.raises(DeliveryFailed, match="free some space"):
        LocalDestination(tiny_disk).check()
    assert [entry.name for entry in tiny_disk.iterdir()] == ["filler"]


def test_a_read_only_disk_is_reported(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    destination = LocalDestination(tiny_disk)
    with pytest.raises(DeliveryFailed, match=r"settlements cannot be used: read-only file system; mount it writable"):
        destination.check()
    subprocess.run(["mount", "-o", "remount,rw", tiny_disk], check=True)
    destination.check()


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1 << 20, len(CONTENT) - 1], ids=["at once", "between buffers", "in the last byte"])
def test_a_write_that_fails_is_reported_and_nothing_is_left(tmp_path: Path, size: int) -> None:
    destination = LocalDestination(tmp_path)
    with _largest_file(size), pytest.raises(DeliveryFailed, match="file too large; raise the limit on file sizes"):
        _deliver_or_discard(destination)
    assert list(tmp_path.iterdir()) == []
    _deliver_or_discard(destination)
    assert (tmp_path / PATH).read_bytes() == CONTENT


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="settlement-bridge-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Be a user whom access rights bind."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_may_not_be_written_is_reported(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)
    destination = LocalDestination(shared_folder)
    with (
        _without_privileges(),
        pytest.raises(DeliveryFailed, match=r"settlements cannot .*give the user of this process"),
    ):
        destination.check()
    assert list(shared_folder.iterdir()) == []
    shared_folder.chmod(0o777)
    with _without_privileges():
        destination.check()
        deliver(destination)


def test_a_document_that_may_not_be_read_is_reported(shared_folder: Path) -> None:
    shared_folder.chmod(0o777)
    destination = LocalDestination(shared_folder)
    with _without_privileges():
        deliver(destination)
        (shared_folder / PATH).chmod(0)
        with pytest.raises(DeliveryFailed, match=r"16655-2000001\.xml cannot be used: permission denied"):
            destination.look(PATH)


def test_giving_files_away_without_the_right_to_is_reported(shared_folder: Path) -> None:
    require(os.geteuid() == 0, "only root can become another user to try")
    shared_folder.chmod(0o777)
    with _without_privileges(), pytest.raises(DeliveryFailed, match="or leave out owner and group"):
        LocalDestination(shared_folder, owner="root").check()
    assert list(shared_folder.iterdir()) == []
