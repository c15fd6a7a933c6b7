"""How much of a world is shown: all of it, or the first entries of each ledger only."""

from settlement_bridge.model import Book
from settlement_bridge.sandbox.answers import Request, problem
from settlement_bridge.sandbox.world import LedgerBooks, Rows, World, shown


class View:
    """A world as the clients see it."""

    def __init__(self, world: World, page_size: int) -> None:
        self.world = world
        self.page_size = page_size
        self.entries: int | None = None
        """How many entries of each ledger are shown, in time order over both books; None shows all."""

    def ledger(self, request: Request, ledger_id: str) -> LedgerBooks:
        """Return a ledger or refuse the request."""
        ledger = self.world.find(ledger_id)
        if ledger is None:
            raise problem(
                request, 404, f"There is no ledger {ledger_id!r} that these keys can see.", "No such ledgerId"
            )
        return ledger

    def length(self, ledger: LedgerBooks, book: Book) -> int:
        """Return how many entries of a book are shown."""
        if self.entries is None:
            return len(ledger.book(book))
        return shown(ledger, self.entries)[book]

    def transactions(self, ledger: LedgerBooks) -> int:
        """Return how many v1 transactions of a ledger are shown."""
        total = len(ledger.transactions)
        return total if self.entries is None else min(self.entries, total)

    def payouts(self, ledger: LedgerBooks) -> range:
        """Return the numbers of the payouts that are shown, the last of them perhaps only in part."""
        payouts = ledger.transactions.payouts
        visible = self.transactions(ledger)
        begun = sum(1 for number in payouts if ledger.transactions.payout(number)[0] < visible)
        return payouts[:begun]

    def page_end(self, start: int, stop: int) -> int:
        """Return where a page that starts there ends."""
        return max(start, min(start + self.page_size, stop))


def is_closed(rows: Rows, visible: int, stop: int) -> bool:
    """Tell whether a ledger date is over: something later is shown, or there is nothing more to show."""
    return visible > stop or visible == len(rows)
