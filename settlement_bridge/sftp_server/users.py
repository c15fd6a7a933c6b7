"""Who may log in, and what they see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from settlement_bridge.store import View


@dataclass(frozen=True)
class User:
    """Somebody with keys."""

    name: str
    keys: frozenset[bytes]
    """Public keys as they travel over the line."""
    view: View
    archives: bool = True
    """Whether what was fetched to its last byte moves to the archive by itself."""


class Users:
    """All users at one time; a reload puts another one of these in its place, whole."""

    def __init__(self, users: Iterable[User] = ()) -> None:
        self._users: Mapping[str, User] = {user.name: user for user in users}

    def __len__(self) -> int:
        return len(self._users)

    def get(self, name: str, key: bytes) -> User | None:
        """Return the user of a name, if the key is one of theirs; None without a word on which of the two is wrong."""
        user = self._users.get(name)
        return user if user is not None and key in user.keys else None
