"""This machine's system, to be changed at will: a layer above it takes every change and is thrown away."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import require

_ENTER = """
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
for name in proc dev; do mount --rbind "/$name" "$1/root/$name"; done
exec chroot "$1/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$2"
"""


class Machine:
    """A layer above the running system. Needs root, and the right to mount; `folder` must be on a real file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()

    @staticmethod
    def can_be_had() -> bool:
        """Tell whether such layers are allowed here."""
        if os.geteuid():
            return False
        command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 0

    @property
    def changes(self) -> Path:
        """The folder that holds what is different from the system below."""
        return self._folder / "upper"

    def attempt(self, script: str, timeout: float = 200) -> "subprocess.CompletedProcess[str]":
        """Run a script as root of the layered system."""
        command = ["unshare", "--mount", "bash", "-euc", _ENTER, "enter", str(self._folder), script]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)

    def run(self, script: str) -> str:
        """Run a script that must succeed; return what it says."""
        done = self.attempt(script)
        assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def exists(self, path: str) -> bool:
        """Tell whether there is something at a path of the layered system."""
        return self.attempt(f"test -e '{path}'").returncode == 0


@contextmanager
def machine_at(folder: Path) -> Iterator[Machine]:
    """A fresh machine, whose changes live in memory until the block ends."""
    require(Machine.can_be_had(), "installing a package needs root and the right to mount")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    try:
        yield Machine(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def install(machine: Machine, deb: Path) -> str:
    target = machine.changes / "root" / "package.deb"
    target.parent.mkdir(exist_ok=True)
    shutil.copy(deb, target)
    return machine.run("dpkg --force-unsafe-io -i /root/package.deb")
