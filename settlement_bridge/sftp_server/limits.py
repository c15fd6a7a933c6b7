"""How much of everything one client, or all of them together, may use."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Limits:
    """The server's ceilings; times are seconds. Tests make them smaller, nobody has a reason to make them larger."""

    login_grace: float = 30
    """From the first byte to the login, however slowly a client drips."""
    login_tries: int = 6
    """Keys that one connection may try, those included that it only asks about."""
    idle: float = 900
    """Between two requests of somebody who has logged in."""
    send: float = 60
    """For a client to take what it asked for."""
    startups: tuple[int, int, int] = (10, 30, 100)
    """Like OpenSSH's MaxStartups: from the first number of logins under way on, as many percent as the second says
    have to wait, and from the third on all."""
    startups_per_address: int = 10
    """Logins under way from one address; an IPv6 network of /64 is one."""
    waiting: int = 200
    """Connections that wait for their turn to log in; they cost a socket each, but no thread."""
    waiting_per_address: int = 50
    connections: int = 1000
    """Logged in, at once."""
    channels: int = 4
    """Sessions at once over one connection."""
    channels_ever: int = 10_000
    """Sessions over one connection one after another."""
    handles: int = 64
    """Open files and folders of one session."""
    folders: int = 8
    """Open folders among them: each keeps what is in it."""
    packet: int = 256 * KIB
    """Bytes of one packet, before the login and behind it, of SSH and of SFTP."""
    banner: int = 8 * KIB
    """Bytes before the first line break of a client."""
    read: int = 255 * KIB
    """Bytes in answer to one READ."""
    window: int = 256 * KIB
    """Bytes of requests that a client may send ahead."""
