"""The requests of an idle sync and nothing else: the same cursors, the same headers, the same width."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import requests

from benchmarks.naive import NaiveScript
from benchmarks.report import report
from settlement_bridge.store import open_store

WIDTH = 8


class BareLoop:
    """Asks for every ledger's two feeds from the cursors that a sync has left in its store."""

    def __init__(self, url: str, script: NaiveScript, cursors: list[tuple[str, str, str | None]]) -> None:
        self._url = url
        self._headers = dict(script.session.headers)
        self._cursors = cursors
        self._of_thread = threading.local()

    def run(self) -> None:
        """List the ledgers, then ask."""
        cursor = None
        while cursor is None or cursor:
            page = self.session().get(f"{self._url}/settlement/v1/ledgers", params={"cursor": cursor} if cursor else {})
            cursor = page.json().get("cursor", "")
        with ThreadPoolExecutor(WIDTH) as pool:
            list(pool.map(self.ask, self._cursors))

    def ask(self, place: tuple[str, str, str | None]) -> None:
        """Ask for one feed."""
        ledger_id, book, cursor = place
        self.session().get(f"{self._url}/report/v2/ledgers/{ledger_id}/{book}/feed", params={"cursor": cursor}).json()

    def session(self) -> requests.Session:
        """Return this thread's session."""
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = requests.Session()
            self._of_thread.session.headers.update(self._headers)
        session: requests.Session = self._of_thread.session
        return session


if __name__ == "__main__":
    url, client_id, client_secret, subscription_key, folder = sys.argv[1:]
    keys = SimpleNamespace(client_id=client_id, client_secret=client_secret, subscription_key=subscription_key)
    store = open_store(f"sqlite:///{folder}/state.db")
    found = store.mirror.cursors(by_payout=False)
    store.close()
    places = [(ledger_id, book.value, cursor) for ledger_id, books in found.items() for book, cursor in books.items()]
    report(BareLoop(url, NaiveScript(url, keys, Path(folder)), places).run)
