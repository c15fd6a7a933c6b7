"""How somebody gets in: by a key that is one of theirs, and in a few tries."""

from collections.abc import Callable

from paramiko import PKey

from settlement_bridge.sftp_server.log import escaped
from settlement_bridge.sftp_server.login import UnusableKey
from settlement_bridge.sftp_server.users import Users


class Attempts:
    """The tries of one connection, those included that only ask whether a key would do.

    Nothing that is decided here says who somebody is: that is for the transport to say, once a signature was checked.
    """

    def __init__(self, users: Callable[[], Users], most: int) -> None:
        self._users = users
        self._most = most
        self._count = 0
        self._asked: tuple[str, bytes] | None = None
        self._asked_for_methods = False
        self.last: str | None = None
        """Why the last try failed, for the log; None where there was none."""

    @property
    def used_up(self) -> bool:
        """Whether the client has to go."""
        return self._count >= self._most

    def allows(self, user_name: str, key: PKey) -> bool:
        """Tell whether a key would let a user in; whether the signature is good is still to be seen."""
        blob = key.asbytes()
        signs_now = self._asked == (user_name, blob)
        self._asked = None
        if not signs_now:
            self._count += 1
        if self._count > self._most or self._users().get(user_name, blob) is None:
            self.last = f"{_described(key)} is not a key of user {escaped(user_name)}"
            return False
        if not signs_now:
            self._asked = user_name, blob
        self.last = f"the signature of user {escaped(user_name)} was missing or wrong"
        return True

    def hung_up_on(self, user_name: str) -> None:
        """Note that the client was sent away, as for another user name than it began with."""
        self.last = self.last or f"user {escaped(user_name)} became another one, or tried too often"

    def refuse(self, user_name: str, method: str) -> None:
        """Note a try without a key. The first that asks which methods there are is everybody's and costs nothing."""
        if method == "none" and not self._asked_for_methods:
            self._asked_for_methods = True
            return
        self._count += 1
        self.last = f"user {escaped(user_name)} tried {method}, but there are only public keys"


def _described(key: PKey) -> str:
    if isinstance(key, UnusableKey):
        return f"a key of the kind {escaped(key.algorithm)}"
    return f"{key.get_name()} {key.fingerprint}"
