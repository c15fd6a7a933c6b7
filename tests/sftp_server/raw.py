"""Clients that say exactly what a test wants said: SSH below the login, SFTP packet by packet."""

import queue
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paramiko
from paramiko import Message
from paramiko.common import cMSG_SERVICE_REQUEST, cMSG_USERAUTH_REQUEST

SUCCESS, FAILURE, PK_OK, SERVICE_ACCEPT = 52, 51, 60, 6


class Recorder:
    """Stands in for paramiko's client side of the login, and keeps every answer."""

    def __init__(self) -> None:
        self.answers: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self._handler_table = {kind: self._keep(kind) for kind in (SUCCESS, FAILURE, PK_OK, SERVICE_ACCEPT)}

    def _keep(self, kind: int) -> Any:
        return lambda m: self.answers.put((kind, m.asbytes()))

    def abort(self) -> None:
        self.answers.put((0, b""))

    def is_authenticated(self) -> bool:
        return False

    def get_username(self) -> None:
        return None


class Login:
    """A connection on which keys have been agreed, and nothing else."""

    def __init__(self, port: int) -> None:
        self.transport = paramiko.Transport(("127.0.0.1", port))
        self.transport.start_client(timeout=10)
        self.recorder = Recorder()
        self.transport.auth_handler = self.recorder  # type: ignore[assignment]
        service = Message().add_byte(cMSG_SERVICE_REQUEST).add_string("ssh-userauth")
        assert self.ask(service)[0] == SERVICE_ACCEPT

    def send(self, message: Message) -> None:
        self.transport._send_message(message)  # type: ignore[attr-defined]

    def ask(self, message: Message) -> tuple[int, bytes]:
        """Return kind and content of the answer; kind 0 where the server hangs up."""
        try:
            self.send(message)
        except (OSError, EOFError):
            return 0, b""
        return self.recorder.answers.get(timeout=10)

    def request(self, name: str | bytes, method: str) -> Message:
        message = Message().add_byte(cMSG_USERAUTH_REQUEST).add_string(name)
        return message.add_string("ssh-connection").add_string(method)

    def probe(self, name: str, key: paramiko.PKey) -> tuple[int, bytes]:
        """Ask whether a key would do."""
        return self.ask(self.request(name, "publickey").add_boolean(False).add_string(key.get_name()).add_string(key))

    def sign(self, name: str, key: paramiko.PKey, *, wrongly: bool = False) -> tuple[int, bytes]:
        """Log in with a key."""
        message = self.request(name, "publickey").add_boolean(True).add_string(key.get_name()).add_string(key)
        signed = Message().add_string(self.transport.session_id or b"").add_bytes(message.asbytes()).asbytes()
        signature = key.sign_ssh_data(b"something else" if wrongly else signed, key.get_name())
        return self.ask(message.add_string(signature))

    def close(self) -> None:
        self.transport.close()


@contextmanager
def logging_in(port: int) -> Iterator[Login]:
    login = Login(port)
    try:
        yield login
    finally:
        login.close()


class Sftp:
    """An SFTP session, packet by packet."""

    def __init__(self, transport: paramiko.Transport, window: int | None = None) -> None:
        self.transport = transport
        self.channel = transport.open_session(window, timeout=10)
        self.channel.settimeout(10)
        self.channel.invoke_subsystem("sftp")
        self.send(1, struct.pack(">I", 3))
        kind, self.version = self.receive()
        assert kind == 2
        self._requests = 0

    def send(self, kind: int, content: bytes) -> None:
        self.channel.sendall(packet(kind, content))

    def receive(self) -> tuple[int, bytes]:
        size = struct.unpack(">I", self._exactly(4))[0]
        packet = self._exactly(size)
        return packet[0], packet[1:]

    def request(self, kind: int, content: bytes) -> tuple[int, bytes]:
        """Return kind and content, behind the request's number, of the answer."""
        self._requests += 1
        self.send(kind, struct.pack(">I", self._requests) + content)
        answer, rest = self.receive()
        assert struct.unpack(">I", rest[:4])[0] == self._requests
        return answer, rest[4:]

    def status(self, kind: int, content: bytes) -> int:
        """Return the code that a request ends with."""
        answer, rest = self.request(kind, content)
        assert answer == 101, (answer, rest)
        return int(struct.unpack(">I", rest[:4])[0])

    def open(self, path: str, flags: int = 1) -> bytes:
        answer, rest = self.request(3, string(path) + struct.pack(">II", flags, 0))
        assert answer == 102, (answer, rest)
        return rest[4:]

    def read(self, handle: bytes, offset: int, length: int) -> bytes:
        """Return what is read; nothing at the end."""
        answer, rest = self.request(5, string(handle) + struct.pack(">QI", offset, length))
        return rest[4:] if answer == 103 else b""

    def close(self, handle: bytes) -> int:
        return self.status(4, string(handle))

    def fetch(self, path: str, size: int, step: int = 32768) -> bytes:
        """Read a file to its end, without closing it."""
        handle = self.open(path)
        return b"".join(self.read(handle, offset, step) for offset in range(0, size, step))

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            received = self.channel.recv(size - len(content))
            if not received:
                raise EOFError
            content += received
        return content


def packet(kind: int, content: bytes) -> bytes:
    return struct.pack(">IB", len(content) + 1, kind) + content


def string(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(content)) + content


def is_closed_within(connection: socket.socket, seconds: float) -> bool:
    """Tell whether the other end hangs up in time, whatever it says before."""
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def dripping(connection: socket.socket, content: bytes, interval: float, stop: threading.Event) -> threading.Thread:
    """Send byte by byte in the background, until told to stop or hung up on."""

    def drip() -> None:
        for byte in content:
            try:
                connection.send(bytes([byte]))
            except OSError:
                return
            if stop.wait(interval):
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    return thread
