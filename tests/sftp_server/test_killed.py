"""Fault 30 with the real command: killed around the archiving of a file, each file is in exactly one of the folders."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conftest import require
from tests.sftp_server.house import House, opened, published
from tests.sftp_server.waiting import wait_for

USER = "import"


def fetch(house: House, to: Path) -> dict[str, bytes]:
    """Fetch the inbox as far as that goes, and return what came."""
    options = ["-i", house.key, "-P", str(house.port), "-o", f"User={USER}", "-o", "IdentitiesOnly=yes", "-q"]
    options += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-b", "-"]
    subprocess.run(
        ["sftp", *map(str, options), "127.0.0.1"],
        input=f"get -R /settlements/inbox {to}\n",
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return {str(path.relative_to(to)): path.read_bytes() for path in to.rglob("*") if path.is_file()}


@pytest.mark.parametrize("number", [1, 2, 4])
def test_killed_before_what_it_archives_is_durable(tmp_path: Path, number: int) -> None:
    """`make crash-sweep` does so at every call, without the line; here, there is one."""
    require(
        shutil.which("strace") and shutil.which("sftp"), "install strace and OpenSSH's sftp to kill a server at work"
    )
    place = published(tmp_path / "house", [USER])
    kill = ["-e", "trace=fdatasync", "-e", f"inject=fdatasync:signal=KILL:when={number}"]
    with opened(place, "strace", "-D", "-f", "-qq", "-o", "/dev/null", *kill) as house:
        everything = house.tree
        first = fetch(house, tmp_path / "first")
        wait_for(lambda: not _answers(house))
    inbox, archive = house.inbox(USER), house.archive(USER)
    assert sorted([*inbox, *archive]) == sorted(everything)
    assert inbox
    assert all(first[path] == everything[path] for path in archive)

    with opened(place) as again:
        second = fetch(again, tmp_path / "second")
        assert second == {path: everything[path] for path in inbox}
        assert again.inbox(USER) == []


def _answers(house: House) -> bool:
    try:
        socket.create_connection(("127.0.0.1", house.port), timeout=10).close()
    except ConnectionError:
        return False
    return True
