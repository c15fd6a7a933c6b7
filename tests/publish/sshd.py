"""A real OpenSSH server on loopback, with keys and a configuration of its own."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from settlement_bridge.publish.sftp import DEFAULT_TEMPLATE, SftpDestination, SftpServer
from tests.conftest import require

SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")
SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin"


@dataclass(frozen=True)
class Sshd:
    """A server under way, and what a client needs to get in."""

    folder: Path
    port: int
    opened: list[SftpDestination] = field(default_factory=list)

    @property
    def server(self) -> SftpServer:
        return SftpServer(
            host="127.0.0.1",
            port=self.port,
            username=getpass.getuser(),
            private_key=self.folder / "user",
            known_hosts=self.folder / "known_hosts",
            connect_timeout=10,
            timeout=10,
        )

    @property
    def host_key(self) -> str:
        return (self.folder / "host.pub").read_text().rsplit(" ", 1)[0]

    def known_as(self, port: int) -> str:
        """Return the line of known_hosts that trusts this server, reached through a port."""
        return f"[127.0.0.1]:{port} {self.host_key}\n"

    def destination(
        self, folder: Path, port: int | None = None, template: str = DEFAULT_TEMPLATE, **changes: Any
    ) -> SftpDestination:
        """Publish into a folder of this machine, by way of the server."""
        spool = folder.parent / "spool"
        spool.mkdir(exist_ok=True)
        server = replace(self.server, port=port or self.port, **changes)
        self.opened.append(SftpDestination(server, PurePosixPath(folder), template, spool))
        return self.opened[-1]

    def close(self) -> None:
        """Close what the tests have opened."""
        while self.opened:
            self.opened.pop().close()


@contextmanager
def sshd(
    folder: Path,
    *sftp_options: str,
    port: int | None = None,
    program: str | Path = SFTP_SERVER,
    host_keys: tuple[str, ...] = ("host",),
) -> Iterator[Sshd]:
    """Run sshd for the length of the block; options go to its sftp-server, or another program in its place."""
    daemon = shutil.which("sshd", path=SBIN)
    require(daemon and SFTP_SERVER.exists(), "OpenSSH's server is not installed: nothing to deliver to over SFTP")
    _make_keys(folder)
    running = Sshd(folder, port or _free_port())
    (folder / "known_hosts").write_text(running.known_as(running.port))
    (folder / "sshd_config").write_text(_configuration(running, host_keys, [program, *sftp_options]))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd shuts its unprivileged half in
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(daemon), "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    try:
        _wait_for(running.port, process)
        yield running
    finally:
        running.close()
        process.terminate()
        process.wait(10)


def _make_keys(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in ("host", "user"):
        if not (folder / name).exists():
            make_key(folder / name)


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", path], check=True, timeout=60)


def _configuration(running: Sshd, host_keys: Sequence[str], subsystem: Sequence[object]) -> str:
    folder = running.folder
    keys = "\n".join(f"HostKey {folder / name}" for name in host_keys)
    return f"""\
ListenAddress 127.0.0.1:{running.port}
{keys}
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp {" ".join(map(str, subsystem))}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "sshd ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("sshd does not answer")
