"""What the server says of itself: one line each, with nothing in it that a stranger wrote as is."""

import logging

log = logging.getLogger("settlement_bridge.sftp_server")

# It tells tracebacks for port scans and whatever a client says, which is for nobody's log.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

_LONGEST = 80


def escaped(text: object) -> str:
    """Return what a stranger wrote, in quotes: one line of printable ASCII, cut where it is long."""
    shown = str(text)
    cut = shown[:_LONGEST].encode("ascii", "backslashreplace").decode()
    safe = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in cut).replace('"', "'")
    return f'"{safe}{"..." if len(shown) > _LONGEST else ""}"'
