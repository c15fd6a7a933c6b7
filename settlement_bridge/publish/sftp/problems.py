"""What a server or the way to it says, as a sentence with a remedy."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from paramiko import SSHException
from paramiko.sftp import SFTPError

from settlement_bridge.errors import DeliveryFailed

TROUBLE = (OSError, EOFError, SSHException, SFTPError, ValueError, struct.error)
"""What paramiko raises for whatever a server or a network does."""


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what goes wrong with a file or folder at a server into DeliveryFailed."""
    try:
        yield
    except TROUBLE as error:
        said, remedy = _explain(error)
        raise DeliveryFailed(f"{place} cannot be used: {said}; {remedy}, and the next run tries again") from error


def _explain(error: Exception) -> tuple[str, str]:
    match error:
        case FileNotFoundError():
            return "there is no such folder", "make it, or correct path and file_path"
        case PermissionError():
            return "permission denied", "let this user write there"
        case TimeoutError():
            return "the server did not answer in time", "check the server"
        case OSError() if error.errno is None and str(error) != "Socket is closed":
            return f'the server said "{printable(error)}"', "see whether its disk is full or a quota is reached"
        case OSError() | EOFError() | SSHException():
            return "the connection was lost", "check the network and the server"
        case _:
            return "the server does not speak SFTP as it should", "check it"


def why_unreachable(error: Exception) -> str:
    """Return why no session came about: what happened, and the remedy."""
    match error:
        case socket.gaierror():
            return "its name cannot be resolved; correct host, or check the name server"
        case TimeoutError():
            return "it did not answer in time; check host, port and firewalls"
        case OSError() if error.strerror:
            return f"{error.strerror.lower()}; check host, port and firewalls"
        case SSHException() if str(error):
            return f"{printable(error)}; check that it is an SFTP server"
        case _:
            return "the connection was lost; check that it is an SFTP server"


def printable(text: object) -> str:
    """Return what a stranger said, fit for a line of a terminal or a log."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return shown[:200]
