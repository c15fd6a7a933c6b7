"""Whether a server is who it should be: its host key against a file of known ones."""

import binascii
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from paramiko import HostKeys, PKey, SSHException
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.publish.sftp.server import SftpServer

_SSH_PORT = 22
_REVOKED = "@revoked"


@dataclass(frozen=True)
class KnownKeys:
    """What a known_hosts file says of one server."""

    trusted: tuple[PKey, ...]
    revoked: tuple[PKey, ...]

    @property
    def algorithms(self) -> frozenset[str]:
        """The signature algorithms of the trusted keys, to be asked for first: a server may have keys of all kinds."""
        names = {key.get_name() for key in self.trusted}
        return frozenset(names | {"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in names else names)


def known_keys(server: SftpServer) -> KnownKeys:
    """Read the keys of a server; lines that cannot be read name no key. Raises OSError where the file cannot be read.

    Names are compared as they stand or hashed; patterns with `*` or `?` and lines of certificate authorities are not
    followed, which can only make a server less trusted.
    """
    try:
        lines = server.known_hosts.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []  # the sentence on the unknown key says how to make it
    marked = [(line.startswith(f"{_REVOKED} "), line.removeprefix(_REVOKED).strip()) for line in lines]
    name = _name(server)
    return KnownKeys(
        trusted=tuple(key for revoked, line in marked if not revoked for key in _keys_of(line, name)),
        revoked=tuple(key for revoked, line in marked if revoked for key in _keys_of(line, name)),
    )


def refuse_unknown(server: SftpServer, key: PKey, known: KnownKeys) -> None:
    """Raise DeliveryRefused unless the key a server has shown is known; the sentence says how to accept it."""
    if key in known.revoked:
        raise DeliveryRefused(
            f"{server} shows the host key {key.fingerprint}, which {server.known_hosts} marks as revoked; nothing was "
            "sent. Ask who runs the server for its new key"
        )
    if key in known.trusted:
        return
    accept = _scan(server, key)
    if not known.trusted:
        what = f"the host key {key.fingerprint} ({key.get_name()}), which {server.known_hosts} does not know"
    else:
        expected = ", ".join(one.fingerprint for one in known.trusted)
        what = f"the host key {key.fingerprint} ({key.get_name()}) instead of {expected} in {server.known_hosts}"
        accept = f"{_remove(server)} && {accept}"
    raise DeliveryRefused(
        f"{server} shows {what}; nothing was sent. Only if who runs the server confirms this fingerprint, run: {accept}"
    )


def _name(server: SftpServer) -> str:
    return server.host if server.port == _SSH_PORT else f"[{server.host}]:{server.port}"


def _keys_of(line: str, name: str) -> Iterator[PKey]:
    if not line or line.startswith(("#", "@")):
        return
    try:
        entry = HostKeyEntry.from_line(" ".join(line.split()))
    except (SSHException, InvalidHostKey, ValueError, binascii.Error):
        return
    if entry and entry.key and any(_is(listed, name) for listed in entry.hostnames or ()):
        yield entry.key


def _is(listed: str, name: str) -> bool:
    if not listed.startswith("|1|"):
        return listed.lower() == name.lower()
    try:
        return HostKeys.hash_host(name, listed) == listed
    except (AssertionError, IndexError, ValueError, binascii.Error):
        return False


def _scan(server: SftpServer, key: PKey) -> str:
    kind = key.get_name().removeprefix("ssh-").partition("-")[0]
    return f"ssh-keyscan -p {server.port} -t {kind} {server.host} >> {shlex.quote(str(server.known_hosts))}"


def _remove(server: SftpServer) -> str:
    return f"ssh-keygen -R {shlex.quote(_name(server))} -f {shlex.quote(str(server.known_hosts))}"
