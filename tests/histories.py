"""Random histories of a merchant, told into books that are always true; the strategies behind the property tests."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.model import Book, SettlementType
from tests.books import Books, ledger_of

HANDLES = ("api:100001", "api:100002", "NO:57860")
AMOUNTS = st.integers(1, 500_00)
FEES = st.integers(-3_00, 9_00)
ORDERS = st.sampled_from([None, "", "A-1", "B-2", 'a <b> & "c"\x0b', "ordre æøå"])
KINDS = st.sampled_from(["correction", "top-up", "credit-note", "payout-aborted", "something-new-2031"])


@dataclass(frozen=True)
class History:
    """Books with the rules they are to be settled by."""

    books: Books
    gross: bool
    configured: bool

    @property
    def rules(self) -> SettlementRules:
        settled = SettlementType.GROSS if self.gross else SettlementType.NET
        return SettlementRules(types={self.books.ledger.ledger_id: settled} if self.configured else {})


class Teller:
    """Tells a history, one event after the other, as hypothesis draws them."""

    def __init__(self, draw: st.DrawFn, books: Books, gross: bool) -> None:
        self._draw = draw
        self._books = books
        self._gross = gross
        self._handles = st.sampled_from([*books.ledger.handles, None])
        self._sold: list[str] = []
        self._announced: list[str] = []
        self._texts = 0

    def day(self) -> None:
        """Tell a day, with what is retained, invoiced and paid out at its end."""
        events: list[Callable[[], None]] = [
            self._sale, self._sale, self._refund, self._late_fee, self._early_fee, self._fee_of_its_own,
            self._dispute, self._anything, self._invoice,
        ]  # fmt: skip
        for event in self._draw(st.lists(st.sampled_from(events), max_size=6)):
            event()
        if not self._gross and self._draw(st.booleans()):
            self._books.retained()
            if self._draw(st.booleans()):
                self._late_fee()
        if self._draw(st.booleans()):
            self._pay_out()
        self._books.next_day(self._draw(st.integers(1, 8)))

    def _pay_out(self) -> None:
        if not self._gross and self._draw(st.booleans()):
            self._books.retained()
        balance = self._books.balance[Book.FUNDS]
        if balance > 0:
            gap = self._draw(st.sampled_from([0, 0, 0, 2]))
            reserve = self._draw(st.sampled_from([0, 0, balance // 3]))
            kind = self._draw(st.sampled_from(["payout-scheduled", "scheduled-for-payout"]))
            self._books.payout(self._books.last_payout + 1 + gap, keep=reserve, kind=kind)

    def _sale(self) -> None:
        psp: str | None = None
        if self._draw(st.booleans()) and self._announced:
            psp = self._announced.pop()
        elif self._draw(st.booleans()):
            self._texts += 1
            psp = f"01JQ3ZK8V0E2WXT5B7N9-{self._texts}"
        fees = self._draw(st.lists(FEES, max_size=3))
        amount = self._draw(AMOUNTS)
        self._sold.append(
            self._books.capture(self._draw(ORDERS), amount, *fees, psp=psp, handle=self._draw(self._handles))
        )

    def _refund(self) -> None:
        self._books.refund(self._draw(ORDERS), self._draw(AMOUNTS), handle=self._draw(self._handles))

    def _late_fee(self) -> None:
        if self._sold:
            self._books.fee(self._draw(st.sampled_from(self._sold)), self._draw(FEES))

    def _early_fee(self) -> None:
        self._announced.append(f"52{len(self._sold):04}{len(self._books.entries[Book.FEES]):04}")
        self._books.fee(self._announced[-1], self._draw(FEES))

    def _fee_of_its_own(self) -> None:
        self._texts += 1
        kind = self._draw(st.sampled_from(["correction", "credit-note"]))
        self._books.fee(f"FIX-{self._texts}", self._draw(FEES), kind)

    def _dispute(self) -> None:
        if self._sold:
            psp, handle = self._draw(st.sampled_from(self._sold)), self._draw(self._handles)
            won = self._draw(st.booleans())
            (self._books.dispute_won if won else self._books.dispute)(psp, self._draw(AMOUNTS), handle)

    def _anything(self) -> None:
        amount = self._draw(st.integers(-100_00, 100_00))
        self._books.funds(self._draw(KINDS), amount, self._draw(ORDERS), handle=self._draw(self._handles))

    def _invoice(self) -> None:
        if self._books.owed > 0:
            self._books.invoiced(self._draw(st.integers(1, self._books.owed)))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw books of a net or a gross ledger, alone or joint, whose type is configured or shows at once."""
    gross, configured = draw(st.booleans()), draw(st.booleans())
    handles = HANDLES[: draw(st.integers(1, len(HANDLES)))]
    books = Books(ledger_of(*handles))
    if not configured:
        books.capture("A-0", 100_00, 1_00)
        if not gross:
            books.retained()
        books.payout()
    teller = Teller(draw, books, gross)
    for _ in range(draw(st.integers(1, 8))):
        teller.day()
    return History(books, gross, configured)


@st.composite
def cuts(draw: st.DrawFn, history: History) -> list[dict[Book, int]]:
    """Draw how far each book has been read in one run after the other.

    Where only the fees can show that the ledger is gross, those of a payout are there when it is.
    """
    sizes = history.books.size()
    count = draw(st.integers(1, 5))
    ways = {
        book: sorted(draw(st.lists(st.integers(0, size), min_size=count, max_size=count)))
        for book, size in sizes.items()
    }
    steps = [dict(zip(ways, step, strict=True)) for step in zip(*ways.values(), strict=True)]
    if history.gross and not history.configured:
        for step in steps:
            step[Book.FEES] = max(step[Book.FEES], _fees_until(history.books, step[Book.FUNDS]))
    return steps


def _fees_until(books: Books, funds: int) -> int:
    if not funds:
        return 0
    reached = books.entries[Book.FUNDS][funds - 1].ledger_date
    return sum(entry.ledger_date <= reached for entry in books.entries[Book.FEES])
