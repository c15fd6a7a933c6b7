"""Work in a process of its own, forked from one that has loaded everything: it begins at once, makes few calls, and
makes the same ones every time."""

import ctypes
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from settlement_bridge.errors import BridgeError

PATIENCE = 60
"""Seconds after which work counts as hanging."""

UNEXPECTED = "a traceback"
"""What a process says that ended in a way nobody foresaw."""

_GATE = b"!"
_PR_SET_PDEATHSIG = 1
_PR_SET_PTRACER = 0x59616D61
_libc = ctypes.CDLL(None, use_errno=True)

Say = Callable[[str], None]
Work = Callable[[Say], None]
"""Does the work, and says at once what others may rely on from then on; raises BridgeError."""


class TracingRefused(Exception):
    """strace may not look at processes here; says why."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or minus the signal that ended it, and what it said until then."""

    code: int
    said: str


def run(work: Work, strace: Sequence[str] = ()) -> Ended:
    """Do the work in a process of its own, with strace's options where it is to be traced from its first call on.

    Raises TracingRefused.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:
            _wait_and_work(work, ours, theirs)
        theirs.close()
        tracer = None
        try:
            ours.settimeout(PATIENCE)
            ours.recv(1)  # it waits at the gate: whatever it does from now on is the work
            tracer = _attach(pid, strace) if strace else None
            return _await(pid, ours)
        finally:
            _end(pid, tracer)


def here(work: Work) -> Ended:
    """Do the work in this process, which takes a third of the time; for work that nothing disturbs."""
    said: list[str] = []
    code = _do(work, said.append)
    return Ended(code, "".join(f"{line}\n" for line in said))


def _wait_and_work(work: Work, ours: socket.socket, theirs: socket.socket) -> NoReturn:
    """What the child does. It says everything through its socket: nothing that is traced may come from the saying."""

    def say(text: str) -> None:
        theirs.sendall(f"{text}\n".encode())

    code = os.EX_SOFTWARE
    try:
        ours.close()
        gc.disable()  # what is collected, and so closed, must not depend on what happened before
        sys.unraisablehook = lambda unraisable: say(_unexpected(unraisable.exc_value))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        theirs.sendall(_GATE)
        if theirs.recv(1):
            code = _do(work, say)
    finally:
        os._exit(code)


def _do(work: Work, say: Say) -> int:
    """Do the work and return its exit code; what kept it from being done is said."""
    try:
        work(say)
    except BridgeError as error:
        say(str(error))
        return error.exit_code
    except Exception as error:
        say(_unexpected(error))
        return os.EX_SOFTWARE
    return os.EX_OK


def _unexpected(error: BaseException | None) -> str:
    """Say what nobody should be shown, and where in the program it began."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    ours = [frame for frame in frames if "settlement_bridge/" in frame.filename] or frames
    where = f" in {ours[-1].name}, {ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else ""
    return f"{UNEXPECTED}: {error!r}{where}"


def _attach(pid: int, options: Sequence[str]) -> "subprocess.Popen[bytes]":
    tracer = subprocess.Popen(["strace", "-p", str(pid), *options], stderr=subprocess.PIPE)
    assert tracer.stderr
    ready, _, _ = select.select([tracer.stderr], [], [], PATIENCE)
    said = tracer.stderr.readline().decode() if ready else "strace does not answer"
    if "attached" not in said:
        tracer.kill()
        tracer.communicate()
        raise TracingRefused(said.strip())
    return tracer


def _await(pid: int, gate: socket.socket) -> Ended:
    """Let the child begin, and wait for what it says and how it ends."""
    said = b""
    try:
        gate.sendall(_GATE)
        while heard := gate.recv(1 << 16):
            said += heard
    except ConnectionError:
        pass  # killed
    except TimeoutError:
        return Ended(os.EX_SOFTWARE, f"{UNEXPECTED}: it hangs for {PATIENCE} s")
    _, status = os.waitpid(pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), said.decode())


def _end(pid: int, tracer: "subprocess.Popen[bytes] | None") -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    if tracer is not None:
        tracer.communicate(timeout=PATIENCE)


def tracing_refused() -> str | None:
    """Say why processes cannot be traced here; None where they can."""
    try:
        run(lambda _: None, ["-o", os.devnull, "-e", "trace=none"])
    except FileNotFoundError:
        return "strace is not installed"
    except TracingRefused as error:
        return str(error)
    return None
