"""Books told in a test, brought through the real store and settled as a run would settle them."""

import shutil
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from settlement_bridge import formats
from settlement_bridge.bridge.settle import SettlementRules, settle_ledger
from settlement_bridge.model import Book, Issuer, PayoutRecord, Report, Settlement, Transaction
from settlement_bridge.store import Store, StoredSettlement, open_store
from tests.books import Books

OSLO = ZoneInfo("Europe/Oslo")


class Row(NamedTuple):
    """What most tests want to know of a row: amounts, OrderID, and the text its TransactionID is or maps from."""

    order_id: str
    capture: int = 0
    refund: int = 0
    fee: int = 0
    id_from: str = ""


def make_blank(path: Path) -> Path:
    """Make an empty database; copying one takes a thousandth of the time that migrations take."""
    open_store(f"sqlite:///{path}").close()
    return path


class Desk:
    """Mirrors books as far as they have been told, settles, and shows what came out."""

    def __init__(self, blank: Path, path: Path, books: Books, rules: SettlementRules | None = None) -> None:
        self.books = books
        self.rules = rules or SettlementRules()
        shutil.copyfile(blank, path)
        self.store: Store = open_store(f"sqlite:///{path}")
        self.store.ledgers.remember([books.ledger])
        self._held = dict.fromkeys(Book, 0)

    def mirror(self, upto: Mapping[Book, int] | None = None) -> None:
        """Read both books to their end, or to a cut."""
        upto = upto or self.books.size()
        self.store.mirror.append(self.books.page(self._held, upto))
        self._held = dict(upto)

    def settle(self, *, now: datetime | None = None, upto: Mapping[Book, int] | None = None) -> list[PayoutRecord]:
        """Mirror and settle; `now` is an hour after the last entry told."""
        self.mirror(upto)
        return list(settle_ledger(self.store, self.books.ledger, self.rules, now or self.books.now))

    def record(self, payout: int) -> PayoutRecord:
        return self.store.settlements.payout(self.books.ledger.ledger_id, payout)

    def stored(self, payout: int) -> list[StoredSettlement]:
        return self.store.settlements.of_payout(self.books.ledger.ledger_id, payout)

    def settlement(self, payout: int) -> Settlement:
        (only,) = self.stored(payout)
        return only.settlement

    def by_msn(self, payout: int) -> dict[str, Settlement]:
        return {one.settlement.msn: one.settlement for one in self.stored(payout)}

    def paid(self, payout: int) -> dict[str, int]:
        """Return the settled amounts by MSN."""
        return {msn: settlement.settled_amount for msn, settlement in self.by_msn(payout).items()}

    def transactions(self, payout: int, msn: str | None = None) -> list[Transaction]:
        wanted = [one for one in self.stored(payout) if msn in (None, one.settlement.msn)]
        return [row for one in wanted for row in self.store.settlements.transactions(one.settlement_id)]

    def rows(self, payout: int, msn: str | None = None) -> list[Row]:
        return [
            Row(row.order_id, row.capture, row.refund, row.fee, row.mapped_from or str(row.number))
            for row in self.transactions(payout, msn)
        ]

    def file(self, stored: StoredSettlement, extension: str = "xml") -> bytes:
        """Render a settlement."""
        settlement = stored.settlement
        stream = BytesIO()
        report = Report(
            merchant=settlement.merchant,
            date_from=settlement.date_from,
            date_to=settlement.settlement_date,
            currency=settlement.currency,
            bank_account=settlement.bank_account,
            sections=[(settlement, self.store.settlements.transactions(stored.settlement_id))],
            issuer=Issuer(),
            zone=OSLO,
        )
        formats.get(extension).write(report, stream)
        return stream.getvalue()

    def close(self) -> None:
        self.store.close()
