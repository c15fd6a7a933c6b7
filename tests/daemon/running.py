"""A real daemon in a process of its own, the lines it logs and what it tells the service manager."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import requests

from tests.cli.command import Place, command_line, environment

PATIENCE = 30.0

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], patience: float = PATIENCE) -> Found:
    """Look until there is something to be seen."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came in time"
        time.sleep(0.01)
    return found


class Running:
    """A daemon under way."""

    def __init__(self, process: "subprocess.Popen[str]", messages: list[tuple[float, str]]) -> None:
        self.process = process
        self._messages = messages
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def told(self) -> list[str]:
        """What it said on the notify socket, line by line."""
        return [line for _, message in list(self._messages) for line in message.split("\n")]

    def times(self, line: str) -> list[float]:
        """Return when it said something on the notify socket, by the monotonic clock."""
        return [time for time, message in list(self._messages) if line in message.split("\n")]

    def events(self, name: str) -> list[Mapping[str, Any]]:
        """Return the events of a name so far."""
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [each for each in found if each["event"] == name]

    def event(self, name: str, number: int = 1) -> Mapping[str, Any]:
        """Wait for an event; `number` 2 is the second of its name."""

        def there() -> Mapping[str, Any] | None:
            found = self.events(name)
            assert len(found) >= number or self.process.poll() is None, "\n".join(self.lines)
            return found[number - 1] if len(found) >= number else None

        try:
            return eventually(there)
        except AssertionError:
            raise AssertionError(f"no {name}:\n" + "\n".join(self.lines)) from None

    def get(self, path: str) -> requests.Response:
        """Ask it how it is."""
        told = self.event("health")
        return requests.get(f"http://{told['address']}:{told['port']}{path}", timeout=PATIENCE)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the daemon itself, whatever it was started by."""
        os.kill(self.event("starting")["pid"], number)

    def ended(self, patience: float = PATIENCE) -> int:
        """Wait for its end and return the exit code."""
        code = self.process.wait(patience)
        self._reader.join(5)
        assert "Traceback" not in "".join(self.lines), "\n".join(self.lines)
        return code

    def stop(self) -> int:
        """End it in order and return the exit code."""
        self.send(signal.SIGTERM)
        return self.ended()


@contextmanager
def notify_socket() -> Iterator[tuple[str, list[tuple[float, str]]]]:
    """A notify socket as systemd's, with the messages that came."""
    folder = tempfile.TemporaryDirectory(prefix="notify")  # paths of sockets are short
    address = str(Path(folder.name) / "socket")
    told: list[tuple[float, str]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    message = listener.recv(4096).decode()
                    told.append((time.monotonic(), message))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield address, told
        finally:
            over.set()
            thread.join()
            folder.cleanup()


@contextmanager
def daemon(
    place: Place,
    *options: str,
    below: Sequence[str] = (),
    watchdog: float | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run a daemon that logs JSON, `below` another program; killed if the block has not ended it."""
    with notify_socket() as (address, told):
        more = {"NOTIFY_SOCKET": address, "SETTLEMENT_BRIDGE_DAEMON__LOG_FORMAT": "json"}
        more["SETTLEMENT_BRIDGE_HEALTH__PORT"] = "0"
        if watchdog:
            more["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        line = [*below, *command_line("--config", place.config, *options, "run")]
        process = subprocess.Popen(
            line,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**{**more, **(env or {})}),
            process_group=0,
        )
        with process:
            try:
                yield Running(process, told)
            finally:
                _kill(process)


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill what is left of a process and of its children, which share its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
