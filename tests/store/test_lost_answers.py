"""A commit whose answer is lost may be kept, or still be under way: on a server, which goes on by itself."""

import threading
import time
from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import Connection

from settlement_bridge.bridge.settle import SettlementRules, settle_ledger
from settlement_bridge.errors import StoreUnavailable
from settlement_bridge.model import Book, PayoutRecord, Settlement
from settlement_bridge.store import Store, settlement_draft
from settlement_bridge.store.database import Database
from settlement_bridge.store.settlement_draft import SettlementDraft
from tests.books import Books, ledger_of


def test_what_a_commit_under_way_will_settle_is_not_swept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Books(ledger_of()).next_day(0)
    for number in range(5):
        told.capture(f"A-{number}", 100_00, 2_00)
    told.end_of_day()
    store.ledgers.remember([told.ledger])
    store.mirror.append(told.page(dict.fromkeys(Book, 0), told.size()))
    server = Server(monkeypatch)
    monkeypatch.setattr(settlement_draft, "ROWS_AT_ONCE", 1)  # a large payout, written in stretches
    monkeypatch.setattr(SettlementDraft, "settle", server.settling())
    with pytest.raises(StoreUnavailable):
        list(settle_ledger(store, told.ledger, SettlementRules(), told.now))
    server.commit.join(10)
    assert store.settlements.last_payout(told.ledger.ledger_id)
    (due,) = store.settlements.due()
    assert len(list(store.settlements.transactions(due.settlement_id))) == 5


class Server:
    """Goes on with a commit for half a second, while the client believes that the connection broke."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commit = threading.Thread()
        self._begun = threading.Event()
        self._settle, self._keep_payout = SettlementDraft.settle, settlement_draft.keep_payout
        monkeypatch.setattr(settlement_draft, "keep_payout", self._keep_slowly)

    def settling(self) -> Callable[[SettlementDraft, PayoutRecord, Iterable[Settlement]], None]:
        def settle(draft: SettlementDraft, record: PayoutRecord, proven: Iterable[Settlement]) -> None:
            self.commit = threading.Thread(target=self._settle, args=(draft, record, list(proven)))
            self.commit.start()
            assert self._begun.wait(10)
            raise StoreUnavailable("the connection broke")

        return settle

    def _keep_slowly(self, database: Database, connection: Connection, record: PayoutRecord) -> None:
        self._keep_payout(database, connection, record)
        self._begun.set()
        time.sleep(0.5)
