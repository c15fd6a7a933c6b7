"""A server as one builds it with paramiko when one adds nothing: what the tests of the bounds must fail on."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_NO_SUCH_FILE


@dataclass
class Plain:
    """A folder of this machine, served to one user with one key."""

    folder: Path
    name: str
    key: paramiko.PKey
    port: int = 0
    closed: list[str] = field(default_factory=list)
    """The files whose handle was told to close."""
    transports: list[paramiko.Transport] = field(default_factory=list)


class _Handle(SFTPHandle):
    def __init__(self, plain: Plain, path: Path, flags: int) -> None:
        super().__init__(flags)
        self._plain, self._path = plain, path
        self.readfile = os.fdopen(os.open(path, flags), "rb")

    def stat(self) -> SFTPAttributes:
        return SFTPAttributes.from_stat(self._path.stat())

    def close(self) -> None:
        self._plain.closed.append(self._path.name)
        super().close()


class _Files(SFTPServerInterface):
    def __init__(self, server: "_Server", *_: Any) -> None:
        super().__init__(server)
        self._plain = server.plain

    def _local(self, path: str) -> Path:
        return self._plain.folder / path.lstrip("/")

    def list_folder(self, path: str) -> list[SFTPAttributes]:
        return [SFTPAttributes.from_stat(one.stat(), one.name) for one in self._local(path).iterdir()]

    def stat(self, path: str) -> SFTPAttributes | int:
        local = self._local(path)
        return SFTPAttributes.from_stat(local.stat()) if local.exists() else SFTP_NO_SUCH_FILE

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle:
        return _Handle(self._plain, self._local(path), flags)


class _Server(paramiko.ServerInterface):
    def __init__(self, plain: Plain) -> None:
        self.plain = plain

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = username == self.plain.name and key == self.plain.key
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"


@contextmanager
def serving_plainly(plain: Plain, host_keys: Sequence[paramiko.PKey]) -> Iterator[Plain]:
    """Run a plain server for the length of the block."""
    channels: list[paramiko.Channel] = []

    def serve(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        for key in host_keys:
            transport.add_server_key(key)
        transport.set_subsystem_handler("sftp", SFTPServer, _Files)
        plain.transports.append(transport)
        try:
            transport.start_server(server=_Server(plain))
        except (paramiko.SSHException, EOFError, OSError):
            return
        while transport.is_active():
            channel = transport.accept(1)
            if channel:
                channels.append(channel)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain.port = listener.getsockname()[1]
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield plain
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for transport in plain.transports:
                transport.close()
