"""The port to the Report API: ledgers and their pages, whichever dialect the server speaks."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

from settlement_bridge.errors import DataRefused, DialectGone
from settlement_bridge.model import Book, Ledger, LedgerDay, Page
from settlement_bridge.report_api.client import Client
from settlement_bridge.report_api.dates import read_dates, read_payout_dates
from settlement_bridge.report_api.ledgers import read_ledgers
from settlement_bridge.report_api.settings import ApiSettings
from settlement_bridge.report_api.v1 import payouts_left, read_payouts
from settlement_bridge.report_api.v2 import read_feed

MOST_READING_AHEAD = 32


class ReportApi:
    """Reads ledgers and entries; usable from many threads at once.

    Raises KeysRefused (keys), DialectGone (v1 is no longer served), ApiUnavailable (everything that may be tried
    again, after bounded retries) and DataRefused (answers that cannot be true, rule 21). Waits between retries end
    as soon as `stop` is set.
    """

    def __init__(self, settings: ApiSettings, stop: threading.Event | None = None) -> None:
        self._settings = settings
        self._client = Client(settings, stop or threading.Event())
        self._pool = ThreadPoolExecutor(MOST_READING_AHEAD, thread_name_prefix="read-ahead")
        self.by_payout = settings.dialect == "v1"
        """Whether pages come payout by payout (v1); known after `listing()`."""

    def ledgers(self) -> list[Ledger]:
        """Return every ledger the keys can see, as `listing` does; raises DataRefused where one cannot be true."""
        ledgers, refused = self.listing()
        for error in refused:
            raise error
        return ledgers

    def listing(self) -> tuple[list[Ledger], list[DataRefused]]:
        """Return every ledger the keys can see, in the API's order, and settle the dialect.

        Besides, what is wrong with each ledger of the list that cannot be true.
        """
        ledgers, refused, has_last_payout = read_ledgers(self._client)
        if self._settings.dialect == "auto":
            self.by_payout = has_last_payout
        elif self._settings.dialect == "v1" and ledgers and not has_last_payout:
            raise DialectGone(
                "the server no longer speaks v1, its ledgers carry no lastPayout: "
                'set dialect = "v2" under [report_api], or "auto" to follow the server'
            )
        return ledgers, refused

    def pages(self, ledger: Ledger, cursors: Mapping[Book, str | None]) -> Iterator[Page]:
        """Yield what is new since the cursors (None: from the beginning) until caught up.

        A page's cursors belong into the same database transaction as its entries.
        """
        read = read_payouts if self.by_payout else read_feed
        return read(self._client, self._pool, ledger, cursors)

    def payouts_left(self, ledger: Ledger, cursors: Mapping[Book, str | None]) -> range:
        """Return the payouts that a ledger said it has, and that were not given whole up to the cursors.

        There are none in v2, which speaks of no payout before it is there.
        """
        return payouts_left(ledger, cursors) if self.by_payout else range(0)

    def dates(self, ledger: Ledger, book: Book, first: date, last: date) -> Iterator[LedgerDay]:
        """Yield a book's entries of a period again, ledger date by ledger date; known after `listing()` in which way.

        In v2 every date of the period comes, in v1 those that have entries of complete payouts.
        """
        read = read_payout_dates if self.by_payout else read_dates
        return read(self._client, self._pool, ledger, book, first, last)

    def server_time(self) -> datetime | None:
        """Return the server's clock as of its last answer; None before the first."""
        return self._client.server_time()

    def close(self) -> None:
        """Wait for what is still being read ahead, and close the connections."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()
