"""What the server says of itself: one line each, with nothing in it that a stranger wrote as is."""

import logging

from paramiko import util

log = logging.getLogger("settlement_bridge.sftp_server")

# It tells tracebacks for port scans and whatever a client says, which is for nobody's log.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


def _no_traceback() -> list[str]:
    return []


# Nor need they be put together, at the cost of the login of somebody honest. Python 3.11 even fails at it now and then
# when two threads do so at once (SystemError, "AST constructor recursion depth mismatch").
util.tb_strings = _no_traceback

_LONGEST = 80


def escaped(text: object) -> str:
    """Return what a stranger wrote, in quotes: one line of printable ASCII, cut where it is long."""
    shown = str(text)
    cut = shown[:_LONGEST].encode("ascii", "backslashreplace").decode()
    safe = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in cut).replace('"', "'")
    return f'"{safe}{"..." if len(shown) > _LONGEST else ""}"'
