"""Three servers with the same files at the same paths: `serve`, a plain paramiko server, and OpenSSH's sshd."""

import getpass
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from settlement_bridge.cli.sandbox_config import sandbox_config
from settlement_bridge.sandbox import Keys
from settlement_bridge.store import DocumentPlace, Store
from tests.publish.sshd import sshd

USER = "import"
"""Whose files stay where they are, as with the other servers."""
ARCHIVING = "archiving"
"""Whose files move to the archive, each durably, before the client hears that it has it."""
ORGANIZATION = "998724341"
LARGE = DocumentPlace("xml", ORGANIZATION, "100000", "100000-2000001.xml")
LARGE_SIZE = 100_000_000
SMALL = [
    DocumentPlace("xml", ORGANIZATION, str(msn), f"{msn}-{payout}.xml")
    for msn in range(200000, 200020)
    for payout in range(2000001, 2000101)
]
SMALL_SIZE = 20_000
MORE = f"""
[sftp_server]
listen = "127.0.0.1:0"

[[sftp_server.users]]
name = "{USER}"
authorized_keys_file = "user.pub"
sales_units = ["*"]
archive_on_download = false

[[sftp_server.users]]
name = "{ARCHIVING}"
authorized_keys_file = "user.pub"
sales_units = ["*"]
"""


@dataclass(frozen=True)
class Server:
    """A server under way."""

    user: str
    port: int
    pid: int
    root: str = ""
    """The path of the folder that is served, where clients have to name it."""

    def path(self, *parts: str) -> str:
        """Return the path of a file, or of files, as a client asks for it."""
        return "/".join((self.root, "settlements", "inbox", *parts))


def write_files(folder: Path, store: Store) -> Mapping[str, str]:
    """Put the same files into a folder and into a store; return their hashes by name."""
    now = datetime.now(UTC)
    hashes = {}
    for place in (LARGE, *SMALL):
        content = _content(place)
        path = folder.joinpath("settlements", "inbox", *place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        hashes[place.name] = hashlib.sha256(content).hexdigest()
        store.documents.write_draft(place, io.BytesIO(content), hashes[place.name], len(content), now)
        store.documents.publish(place, now)
    return hashes


@contextmanager
def bridge(folder: Path) -> Iterator[Server]:
    """Run `settlement-bridge serve` on the store in a folder."""
    config = folder / "config.toml"
    config.touch(mode=0o600)
    config.write_text(sandbox_config("http://127.0.0.1:9", Keys("id", "secret", "key"), {}) + "\n" + MORE)
    line = [sys.executable, "-m", "settlement_bridge", "--config", str(config), "serve"]
    with _started(line, folder) as child:
        assert child.stdout
        # Serving at 127.0.0.1 port 12345 until Ctrl-C. Host keys:
        yield Server(USER, int(child.stdout.readline().split()[4]), child.pid)


@contextmanager
def plain(folder: Path) -> Iterator[Server]:
    """Run a server as one builds it with paramiko when one adds nothing, on the files in a folder."""
    module = [sys.executable, "-m", "benchmarks.run_plain_sftp"]
    with _started([*module, str(folder / "files"), USER, str(folder / "user"), str(folder / "ssh")]) as child:
        assert child.stdout
        yield Server(USER, int(child.stdout.readline()), child.pid)


@contextmanager
def openssh(folder: Path) -> Iterator[Server]:
    """Run sshd with internal-sftp on the files in a folder."""
    with sshd(folder, program="internal-sftp", host_keys=("ssh/ssh_host_ed25519_key",)) as running:
        yield Server(getpass.getuser(), running.port, os.getpid(), str(folder / "files"))


def _content(place: DocumentPlace) -> bytes:
    line = f"<TransactionInfo>{place.name}</TransactionInfo>\n".encode()
    size = LARGE_SIZE if place == LARGE else SMALL_SIZE
    return (line * (size // len(line) + 1))[:size]


@contextmanager
def _started(line: list[str], cwd: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    child = subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=nowhere, text=True, cwd=cwd)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()
