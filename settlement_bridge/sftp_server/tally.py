"""What the server has counted since it started."""

import threading
from collections import Counter


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Add to one of the counts below."""
        with self._lock:
            self._counts[what] += number

    @property
    def logins(self) -> int:
        """Connections that logged in."""
        return self._counts["login"]

    @property
    def failed_logins(self) -> int:
        """Connections that tried to, and ended without."""
        return self._counts["failed login"]

    @property
    def turned_away(self) -> int:
        """Connections closed without a word, since too many logins were under way."""
        return self._counts["turned away"]
