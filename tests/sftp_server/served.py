"""A real server on loopback, its store filled by hand, and clients to ask it."""

import hashlib
import io
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from settlement_bridge.sftp_server import Limits, SftpServer, User, Users, listen
from settlement_bridge.store import DocumentPlace, Store, View

NAME = "linux hjemme - stor PC"
OTHER = "other"
ORGANIZATION = "998724341"
MSN = "16655"
THEIRS = "123456"
NOON = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)


@cache
def private_text(name: str) -> str:
    """Return a private key as ssh-keygen writes it, the same for the same name while the tests run."""
    del name
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def new_key(name: str) -> paramiko.PKey:
    """Return the key that goes by a name."""
    return paramiko.Ed25519Key.from_private_key(io.StringIO(private_text(name)))


def user(
    name: str = NAME,
    *units: str,
    formats: Sequence[str] = ("xml", "csv"),
    archives: bool = True,
    keys: Sequence[paramiko.PKey] = (),
) -> User:
    blobs = frozenset(key.asbytes() for key in keys or [new_key(name)])
    return User(name, blobs, View(name, frozenset(formats), frozenset(units) if units else None), archives)


def place(payout: int = 2000001, extension: str = "xml", msn: str = MSN, orgno: str = ORGANIZATION) -> DocumentPlace:
    return DocumentPlace(extension, orgno, msn, f"{msn}-{payout}.{extension}")


def path_of(of: DocumentPlace, folder: str = "inbox") -> str:
    return f"/settlements/{folder}/" + "/".join(of)


def publish(store: Store, at: DocumentPlace, content: bytes, now: datetime = NOON) -> None:
    """Keep a document the way a run does."""
    sha256 = hashlib.sha256(content).hexdigest()
    store.documents.write_draft(at, io.BytesIO(content), sha256, len(content), now)
    store.documents.publish(at, now)


@dataclass
class Served:
    """A server under way."""

    store: Store
    server: SftpServer
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def port(self) -> int:
        return self.server.addresses[0][1]

    def transport(self, name: str = NAME, key: paramiko.PKey | None = None) -> paramiko.Transport:
        """Log in with paramiko; what is opened is closed behind the test."""
        transport = paramiko.Transport(("127.0.0.1", self.port))
        self._stack.callback(transport.close)
        transport.connect(username=name, pkey=key or new_key(name))
        return transport

    def client(self, name: str = NAME, key: paramiko.PKey | None = None) -> paramiko.SFTPClient:
        client = paramiko.SFTPClient.from_transport(self.transport(name, key))
        assert client
        return client

    def inbox(self, name: str = NAME, *, archived: bool = False) -> list[str]:
        """Return the names in a user's inbox, or in the archive, from the store; whatever the user may see."""
        everything = View(name, frozenset(("xml", "xml.zip", "csv", "xlsx", "pdf")), None)
        return [one.place.name for one in self.store.inboxes.documents(everything, archived=archived)]

    def archive(self, name: str = NAME) -> list[str]:
        return self.inbox(name, archived=True)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def serving(
    store: Store,
    host_keys: Sequence[paramiko.PKey],
    users: Sequence[User] | None = None,
    limits: Limits = Limits(),  # noqa: B008
    port: int = 0,
) -> Iterator[Served]:
    """Run a server for the length of the block."""
    everybody = Users([user()] if users is None else users)
    server = SftpServer(store, host_keys, everybody, limits, clock=lambda: NOON + timedelta(days=1))
    server.start([listen("127.0.0.1", port)])
    served = Served(store, server)
    try:
        yield served
    finally:
        served.close()
        server.stop(0)


@dataclass(frozen=True)
class OpenSsh:
    """The sftp command of OpenSSH, set up in a folder of its own."""

    folder: Path

    def write(self, served: Served, name: str = NAME, *options: str) -> None:
        """Write the configuration and the key that the command needs."""
        self.write_for(served.port, name, *options)

    def write_for(self, port: int, name: str, *options: str, first_keys: Sequence[Path] = ()) -> None:
        """Write the configuration for a port; keys that are tried before the right one come first."""
        key = self.folder / "key"
        key.touch(mode=0o600)
        key.write_text(private_text(name))
        lines = [
            "Host server",
            "HostName 127.0.0.1",
            f"Port {port}",
            f'User "{name}"',
            *(f"IdentityFile {one}" for one in (*first_keys, key)),
            "IdentitiesOnly yes",
            "StrictHostKeyChecking no",
            "UserKnownHostsFile /dev/null",
            "LogLevel ERROR",
            *options,
        ]
        (self.folder / "ssh_config").write_text("\n".join(lines) + "\n")

    def run(self, *commands: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run sftp in batch mode; a command that begins with `-` may fail."""
        return subprocess.run(
            ["sftp", "-q", "-F", str(self.folder / "ssh_config"), *options, "-b", "-", "server"],
            input="".join(f"{command}\n" for command in commands),
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=60,
        )
