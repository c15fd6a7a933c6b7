"""Sockets to listen at: our own, or those that systemd has opened for us."""

import os
import resource
import socket
from collections.abc import Mapping

from settlement_bridge.errors import ConfigurationError

_BACKLOG = 128
_FIRST_INHERITED = 3
_PRIVILEGED = 1024
_OTHER_FILES = 256
"""Files that a process has open apart from connections: the database, the log, libraries."""


def listen(host: str, port: int) -> socket.socket:
    """Listen at an IP address and a port, 0 for any free one; raises ConfigurationError where that cannot be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        remedy = "stop who listens there, or set another listen"
        if isinstance(error, PermissionError) and port < _PRIVILEGED:
            remedy = "only root may take a port below 1024: let systemd open it, see docs/sftp-server.md"
        said = os.strerror(error.errno or 0)  # Python's own text repeats the address
        problem = f"sftp_server.listen: nobody can be served at {host} port {port} ({said}); {remedy}"
        raise ConfigurationError([problem]) from error


def inherited(environ: Mapping[str, str]) -> list[socket.socket]:
    """Return the sockets that systemd has opened for this process (sd_listen_fds); none where it has not.

    Raises ConfigurationError for sockets that are not of the Internet.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(environ.get("LISTEN_FDS", "0"))
    sockets = [socket.socket(fileno=number) for number in range(_FIRST_INHERITED, _FIRST_INHERITED + count)]
    if any(one.family not in (socket.AF_INET, socket.AF_INET6) for one in sockets):
        raise ConfigurationError(["systemd hands over a socket that has no port; write ListenStream=22 or another one"])
    return sockets


def allow_connections(count: int) -> bool:
    """Let this process have so many connections open, two files each; False where the system allows fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * count + _OTHER_FILES
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft >= wanted
