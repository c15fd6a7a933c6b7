"""paramiko's side of a login, as far as it is not good enough for a server that strangers knock at."""

from typing import Any, Protocol

from paramiko import Channel, Message, PKey
from paramiko import Transport as PlainTransport
from paramiko.auth_handler import AuthHandler as PlainAuthHandler
from paramiko.common import AUTH_SUCCESSFUL, MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST


class Host(Protocol):
    """Who a connection belongs to; asked and told from the transport's own thread."""

    @property
    def tries_used_up(self) -> bool:
        """Whether the client has tried to log in often enough."""

    def hung_up_on(self, user_name: str) -> None:
        """The client has been sent away before it logged in."""

    def tried_a_password(self, user_name: str) -> None:
        """The client has sent a password, or another one to change it to, which paramiko refuses by itself."""

    def logged_in(self) -> None:
        """The client has proven who it is."""

    def answered(self, channel: Channel, content: bytes) -> bool:
        """What arrived on a channel; False where it is left for whoever reads from the channel."""

    def ended(self) -> None:
        """The connection is over."""


class AuthHandler(PlainAuthHandler):
    """Says no to keys it cannot use, rather than hanging up, and remembers the key that was proven."""

    def __init__(self, transport: PlainTransport, host: Host) -> None:
        super().__init__(transport)
        self._host = host
        self.proven: tuple[str, bytes] | None = None
        """The user, and the key whose signature let them in."""
        self._key_in_hand: bytes = b""

    @property
    def _server_handler_table(self) -> dict[int, Any]:
        # Without the answers to questions that nobody asks, of which a stranger may announce four billion.
        return {
            MSG_SERVICE_REQUEST: self._parse_service_request,  # type: ignore[attr-defined]
            MSG_USERAUTH_REQUEST: self._parse_userauth_request,  # type: ignore[attr-defined]
        }

    def _generate_key_from_request(self, algorithm: str, keyblob: bytes) -> Any:
        self._key_in_hand = keyblob
        if "-cert-" not in algorithm:
            try:
                key = super()._generate_key_from_request(algorithm, keyblob)  # type: ignore[misc]
            except Exception:  # of a blob that is no key, paramiko and cryptography raise a dozen classes
                key = None
            if key is not None:
                return key
        return UnusableKey(algorithm)

    def _send_auth_result(self, username: str, method: str, result: int) -> None:
        if method == "password":
            self._host.tried_a_password(username)
        if result == AUTH_SUCCESSFUL and method == "publickey":
            self.proven = username, self._key_in_hand
        super()._send_auth_result(username, method, result)  # type: ignore[misc]
        if result == AUTH_SUCCESSFUL:
            self._host.logged_in()
        elif self._host.tries_used_up:
            self._disconnect_no_more_auth()

    def _disconnect_no_more_auth(self) -> None:
        self._host.hung_up_on(str(self.auth_username))
        super()._disconnect_no_more_auth()  # type: ignore[misc]


class UnusableKey(PKey):
    """Stands for a key that nobody can log in with: old Java jobs sign with SHA-1, agents hold keys of all kinds."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm

    def asbytes(self) -> bytes:
        """Return nothing: no user has this key."""
        return b""

    def verify_ssh_sig(self, data: bytes, msg: Message) -> bool:  # noqa: ARG002
        """Return False."""
        return False
