"""How one gets into a server: it proves who it is, then the user does, by public key alone."""

import logging
import shlex
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paramiko
from paramiko import AgentKey, AuthenticationException, PasswordRequiredException, PKey, Transport
from paramiko.transport import SecurityOptions

from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.sftp.known_hosts import KnownKeys, known_keys, refuse_unknown
from settlement_bridge.publish.sftp.problems import TROUBLE, why_unreachable
from settlement_bridge.publish.sftp.server import SftpServer

# It tells tracebacks and whatever a server says; what a person needs to know is in the errors raised here.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

_KEEP_ALIVE = 30
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def connect(server: SftpServer) -> Transport:
    """Open a connection and log in. Raises DeliveryRefused for a host key not known, DeliveryFailed for the rest."""
    transport = None
    try:
        known = _known(server)
        transport = _transport(server)
        _prefer(transport.get_security_options(), known)
        transport.start_client(timeout=server.connect_timeout)
        refuse_unknown(server, transport.get_remote_server_key(), known)
        _log_in(transport, server)
        transport.set_keepalive(_KEEP_ALIVE)
        return transport
    except BaseException as error:
        if transport:
            transport.close()
        if isinstance(error, TROUBLE):
            raise DeliveryFailed(
                f"{server} cannot be reached: {why_unreachable(error)}, and the next run tries again"
            ) from error
        raise


def _known(server: SftpServer) -> KnownKeys:
    try:
        return known_keys(server)
    except OSError as error:
        raise DeliveryRefused(
            f"{server.known_hosts} cannot be read ({(error.strerror or str(error)).lower()}), so that no server is "
            "known and nothing was sent; make it readable, or correct known_hosts"
        ) from error


def _transport(server: SftpServer) -> Transport:
    connection = socket.create_connection((server.host, server.port), server.connect_timeout)
    try:
        transport = Transport(connection)
    except BaseException:
        connection.close()
        raise
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = server.connect_timeout
    transport.channel_timeout = server.connect_timeout
    return transport


def _prefer(options: SecurityOptions, known: KnownKeys) -> None:
    """Ask for a host key that is known, for AES-GCM as the fastest, and for nothing with CBC, SHA-1 or MD5 in it."""
    modern = [name for name in options.ciphers if "cbc" not in name]
    options.ciphers = tuple(sorted(modern, key=lambda name: "gcm" not in name))
    options.digests = tuple(name for name in options.digests if "sha2" in name)
    options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in known.algorithms))


def _log_in(transport: Transport, server: SftpServer) -> None:
    with _keys(server) as keys:
        for key in keys:
            try:
                transport.auth_publickey(server.username, key)
            except AuthenticationException:
                if not transport.is_active():
                    break  # a server hears a few keys only
                continue
            if transport.is_authenticated():
                return
    offered = ", ".join(key.fingerprint for key in keys) or "none: the SSH agent holds no key"
    raise DeliveryFailed(
        f"{server} does not let this user in with its key ({offered}); give the server's owner the public key or "
        "correct username and private_key, and the next run tries again"
    )


@contextmanager
def _keys(server: SftpServer) -> Iterator[list[PKey] | list[AgentKey]]:
    if server.private_key is not None:
        yield [_private_key(server.private_key)]
        return
    with closing(paramiko.Agent()) as agent:
        yield list(agent.get_keys())


def _private_key(path: Path) -> PKey:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        path.read_bytes()
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise DeliveryFailed(f"{path} cannot be read ({said}); correct private_key") from error
    if mode & _OTHERS:
        raise DeliveryFailed(
            f"{path} is a private key and others can use it (mode {mode:04o}); run: chmod 600 {shlex.quote(str(path))}"
        )
    try:
        return PKey.from_path(path)
    except (PasswordRequiredException, TypeError) as error:
        raise DeliveryFailed(
            f"{path} has a passphrase; load it into the SSH agent and leave out private_key"
        ) from error
    except Exception as error:
        # Of a file that is no key, paramiko and cryptography raise a dozen classes.
        raise DeliveryFailed(f"{path} is not a private key that can be used; make one with ssh-keygen") from error
