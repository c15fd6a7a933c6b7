"""Everybody who is connected: who waits to be let in, who is in, and who has to go."""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from settlement_bridge.sftp_server.admission import Admission, Peer
from settlement_bridge.sftp_server.log import log
from settlement_bridge.sftp_server.session import House, Session

_FAREWELL = 5.0
"""Seconds that threads get to notice that their connection is closed."""


@dataclass(frozen=True)
class _Waiting:
    """A connection that costs nothing but its socket yet."""

    connection: socket.socket
    peer: Peer
    since: float


class Reception:
    """Looked after by the server's own thread alone."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._admission = Admission(house.limits)
        self._waiting: list[_Waiting] = []
        self._sessions: list[Session] = []
        self._turned_away = 0

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._waiting) + len(self._sessions)

    def receive(self, connection: socket.socket, peer: Peer) -> None:
        """Let a new connection in, have it wait, or turn it away."""
        if self._may_begin(peer):
            self._begin(connection, peer)
        elif self._admission.may_wait(peer, [one.peer for one in self._waiting]):
            self._waiting.append(_Waiting(connection, peer, time.monotonic()))
        else:
            connection.close()
            self._turned_away += 1

    def look_around(self) -> None:
        """Show out who has to go, and let in who waits."""
        for session in self._sessions:
            reason = session.overdue()
            if reason:
                session.close(reason)
        self._see_off()
        self._let_in()
        if self._turned_away:
            self._house.tally.count("turned away", self._turned_away)
            log.warning("connections turned away: %d, since too many logins are under way", self._turned_away)
            self._turned_away = 0

    def close(self, grace: float) -> None:
        """End every session; those with an open file get so many seconds to close it."""
        for one in self._waiting:
            one.connection.close()
        self._waiting.clear()
        deadline = time.monotonic() + grace
        while any(session.busy for session in self._sessions) and time.monotonic() < deadline:
            self._close_idle()
            time.sleep(0.05)
        for session in self._sessions:
            session.close("the server stops")
        deadline = time.monotonic() + _FAREWELL
        while self._sessions and time.monotonic() < deadline:
            self._see_off()
            time.sleep(0.01)

    def _see_off(self) -> None:
        ended = [session for session in self._sessions if not session.alive]
        for session in ended:
            self._sessions.remove(session)
            session.release()

    def _close_idle(self) -> None:
        for session in self._sessions:
            if not session.busy:
                session.close("the server stops")

    def _let_in(self) -> None:
        oldest = time.monotonic() - self._house.limits.login_grace
        still_waiting = []
        for one in self._waiting:
            if self._may_begin(one.peer):
                self._begin(one.connection, one.peer)
            elif one.since < oldest:
                one.connection.close()
                self._turned_away += 1
            else:
                still_waiting.append(one)
        self._waiting = still_waiting

    def _may_begin(self, peer: Peer) -> bool:
        under_way = [session.peer for session in self._sessions if not session.is_logged_in]
        room = len(self._sessions) < self._house.limits.connections
        return room and self._admission.may_begin(peer, under_way)

    def _begin(self, connection: socket.socket, peer: Peer) -> None:
        session = Session(self._house, connection, peer)
        with suppress(OSError):  # the client has gone meanwhile
            session.start()
            self._sessions.append(session)
