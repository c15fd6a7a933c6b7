"""Power cuts: ext4 on loop devices that writes nothing of its own accord, and image files copied as they are."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SIZE: Final = 8 << 20
OPTIONS: Final = "loop,commit=600,noauto_da_alloc"
"""Nothing reaches the device that nobody syncs, and a rename does not make the file system sync for the careless."""

_CLONE_NEWNS = 0x20000
_libc = ctypes.CDLL(None, use_errno=True)


class PoweredGround:
    """A folder whose machine loses its power: what nobody synced is gone.

    Each of `disks`, folders of the prepared state, is a disk of its own. That is the harder case: on a common one,
    whoever syncs the database syncs the names of all files along with it.
    """

    keeps_all = False

    def __init__(self, prepared: Path, disks: Sequence[str], folder: Path) -> None:
        self.place = folder / "place"
        self._disks = [_Disk(folder, name) for name in disks]
        for disk in self._disks:
            disk.make(prepared / disk.name)

    def prepare(self) -> None:
        """See `Ground.prepare`."""
        for disk in self._disks:
            disk.insert("new")

    def crash(self) -> None:
        """See `Ground.crash`."""
        for disk in self._disks:
            disk.copy("live", "left")  # before anything is unmounted, which writes all

    def restore(self) -> None:
        """See `Ground.restore`."""
        for disk in self._disks:
            disk.insert("left")

    def close(self) -> None:
        """See `Ground.close`."""
        for disk in self._disks:
            disk.eject()


class _Disk:
    """A disk: the image in use, and those it can be brought back to."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._mounted_at = folder / "place" / name
        self._mounted_at.mkdir(parents=True)

    def make(self, content: Path) -> None:
        """Make the image that holds `content`."""
        with self._image("live").open("wb") as image:
            image.truncate(SIZE)
        _do("mkfs.ext4", "-q", "-F", self._image("live"))
        self._mount()
        shutil.copytree(content, self._mounted_at, dirs_exist_ok=True)
        self.eject()
        self.copy("live", "new")

    def insert(self, state: str) -> None:
        """Mount a copy of the image `state`."""
        self.eject()
        self.copy(state, "live")
        self._mount()

    def eject(self) -> None:
        """Unmount what is mounted."""
        if self._mounted_at.is_mount():
            _do("umount", self._mounted_at)

    def copy(self, state: str, other: str) -> None:
        """Copy an image as it is at this moment."""
        _do("cp", "--sparse=always", self._image(state), self._image(other))

    def _mount(self) -> None:
        _do("mount", "-t", "ext4", "-o", OPTIONS, self._image("live"), self._mounted_at)

    def _image(self, state: str) -> Path:
        return self._folder / f"{self.name}-{state}.img"


def hide_mounts() -> None:
    """Let what this process mounts be seen by nobody else, and be gone when it is. Raises OSError."""
    if _libc.unshare(_CLONE_NEWNS) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    _do("mount", "--make-rprivate", "/")


def mounting_refused() -> str | None:
    """Say why disks cannot be mounted here; None where they can."""
    if os.geteuid() != 0:
        return "only root may mount disks to cut them off"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "prepared" / "disk").mkdir(parents=True)
        try:
            PoweredGround(Path(folder) / "prepared", ["disk"], Path(folder))
        except FileNotFoundError as error:
            return f"{error.filename} is not installed"
        except subprocess.CalledProcessError as error:
            return f"no ext4 on a loop device can be mounted: {error.stderr.decode().strip()}"
    return None


def _do(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
