"""The SFTP server beside OpenSSH's sshd with internal-sftp, and beside a plain paramiko server.

The client of every row is OpenSSH's `sftp`, a process for each session; what it fetched is compared byte for byte.
"""

import hashlib
import math
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import paramiko

from benchmarks.sftp_servers import ARCHIVING, LARGE, SMALL, Server, bridge, openssh, plain, write_files
from benchmarks.table import Row, show
from settlement_bridge.store import open_store
from tests.publish.sshd import make_key

ROUNDS = 3
"""The best of so many counts; the servers take turns."""
LOGINS = 50
IDLE = 500
MEMORY_GOAL = 150.0
"""MiB that so many idle connections may take."""


@dataclass(frozen=True)
class Client:
    """OpenSSH's `sftp`, for one server."""

    server: Server
    folder: Path

    def prepare(self) -> None:
        """Begin with an empty folder and what the command has to know."""
        self.folder.mkdir()
        lines = [
            "Host server",
            "HostName 127.0.0.1",
            f"Port {self.server.port}",
            f"User {self.server.user}",
            f"IdentityFile {self.folder.parent / 'user'}",
            "IdentitiesOnly yes",
            "StrictHostKeyChecking no",
            "UserKnownHostsFile /dev/null",
            "LogLevel ERROR",
        ]
        (self.folder / "ssh_config").write_text("\n".join(lines) + "\n")

    def start(self, *commands: str) -> "subprocess.Popen[bytes]":
        line = ["sftp", "-q", "-F", "ssh_config", "-b", "-", "server"]
        child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.folder)
        assert child.stdin
        child.stdin.write("\n".join((*commands, "")).encode())
        child.stdin.close()
        return child


def large(client: Client) -> None:
    _end(client.start(f"get {client.server.path(*LARGE)}"))


def small(client: Client) -> None:
    _end(client.start(f"get {client.server.path('xml', '*', '2*', '*')}"))


def logins(client: Client) -> None:
    for _ in range(LOGINS):
        _end(client.start("pwd"))


def together(client: Client) -> None:
    """Twenty clients, each with the hundred files of one sales unit."""
    units = sorted({place.msn for place in SMALL})
    for child in [client.start(f"get {client.server.path('xml', '*', unit, '*')}") for unit in units]:
        _end(child)


WORKS: Mapping[str, tuple[Callable[[Client], None], int, float | None]] = {
    "one file of 100 MB": (large, 1, 2.0),
    "2,000 files of 20 KB": (small, len(SMALL), 1.5),
    f"{LOGINS} logins in a row": (logins, 0, 2.0),
    "20 clients at once": (together, len(SMALL), None),
}
"""What is done, how many files that fetches, and the goal beside OpenSSH."""
GOAL_BESIDE_PLAIN = 1.2


def measure_all() -> Iterator[Row]:
    """Yield a row beside OpenSSH and one beside plain paramiko for each kind of work, and one of memory."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        make_key(folder / "user")
        store = stack.enter_context(closing(open_store(f"sqlite:///{folder / 'state.db'}")))
        hashes = write_files(folder / "files", store)
        servers = {"ours": bridge(folder), "plain": plain(folder), "openssh": openssh(folder)}
        running = {name: stack.enter_context(server) for name, server in servers.items()}
        yield _memory(running["ours"], folder / "user")
        for what, (work, count, goal) in WORKS.items():
            seconds = dict.fromkeys(running, math.inf)
            for _ in range(ROUNDS):
                for who, server in running.items():
                    seconds[who] = min(seconds[who], _timed(work, server, folder / "client", hashes, count))
            yield from _beside(what, seconds["ours"], seconds, goal)
            if work is small:
                archiving = replace(running["ours"], user=ARCHIVING)  # once: then its inbox is empty
                moved = _timed(work, archiving, folder / "client", hashes, count)
                yield from _beside(f"{what}, each archived", moved, seconds, goal)


def _beside(what: str, ours: float, seconds: Mapping[str, float], goal: float | None) -> Iterator[Row]:
    yield Row(f"{what}, beside OpenSSH", ours, seconds["openssh"], goal)
    yield Row(f"{what}, beside plain paramiko", ours, seconds["plain"], GOAL_BESIDE_PLAIN)


def _timed(
    work: Callable[[Client], None], server: Server, folder: Path, hashes: Mapping[str, str], count: int
) -> float:
    client = Client(server, folder)
    client.prepare()
    began = time.perf_counter()
    work(client)
    seconds = time.perf_counter() - began
    _compare(folder, hashes, count)
    shutil.rmtree(folder)
    return seconds


def _memory(server: Server, key: Path) -> Row:
    """Hold many connections with a session each, by paramiko: its clients need no process each."""
    began = time.perf_counter()
    with ExitStack() as stack:
        for _ in range(IDLE):
            transport = paramiko.Transport(("127.0.0.1", server.port))
            stack.callback(transport.close)
            transport.connect(username=server.user, pkey=paramiko.PKey.from_path(key))
            if paramiko.SFTPClient.from_transport(transport) is None:
                raise RuntimeError("no session")
        line = next(line for line in Path(f"/proc/{server.pid}/status").read_text().splitlines() if "VmRSS" in line)
        seconds = time.perf_counter() - began
        return Row(
            f"{IDLE} idle connections: memory",
            seconds,
            seconds,
            None,
            int(line.split()[1]) / 1024,
            memory_goal=MEMORY_GOAL,
        )


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.wait():
        raise RuntimeError("sftp failed")


def _compare(folder: Path, hashes: Mapping[str, str], count: int) -> None:
    fetched = list(folder.glob("*.xml"))
    if len(fetched) != count or any(hashlib.sha256(p.read_bytes()).hexdigest() != hashes[p.name] for p in fetched):
        raise RuntimeError("what was fetched is not what is served")


if __name__ == "__main__":
    show(measure_all())
