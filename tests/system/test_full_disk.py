"""Faults 13 and 21: a disk that is full under a whole run, wherever it strikes; with room again the run goes on."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require
from tests.system.conftest import WORLD, files, let_the_lease_run_out, serving


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, whose size can be changed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=False, capture_output=True)
    require(done.returncode == 0, "a full disk needs root and the right to mount a small one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


@pytest.mark.parametrize("kilobytes", [200, 400, 470])
def test_a_full_disk_is_said_and_nothing_is_there_by_halves(
    disk: Path, expected: dict[str, bytes], kilobytes: int
) -> None:
    with serving(disk / "place", WORLD) as (place, _):
        resize(disk, kilobytes)
        done = place.run("sync")
        assert done.code == 75, done.out + done.err
        said = (done.out + done.err).lower()
        assert "the disk is full; make room" in said or "no space left on device" in said
        seen = {path: content for path, content in files(place).items() if path.endswith(".xml")}
        assert seen.items() < expected.items()

        resize(disk, 65_536)
        let_the_lease_run_out(place)  # there may have been no room to give it back
        assert place.run("sync").code == 0
        assert files(place) == expected
