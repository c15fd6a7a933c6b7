"""Which server, and how to get into it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SftpServer:
    """An SFTP server as one user sees it. Times in seconds."""

    host: str
    username: str
    known_hosts: Path
    """Keys of hosts in OpenSSH's format; only a server whose key is in it is spoken to."""
    private_key: Path | None = None
    """None asks the SSH agent."""
    port: int = 22
    connect_timeout: float = 10.0
    """For the connection, and again for each step of the login."""
    timeout: float = 60.0
    """For each answer of the server."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sftp://{self.username}@{host}:{self.port}"
