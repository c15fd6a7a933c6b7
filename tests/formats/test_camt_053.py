"""Settlements as bank statements: what moved on the clearing account, and nothing that did not (issue 3)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from settlement_bridge import formats
from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.camt_053 import CHECK
from settlement_bridge.formats.camt_text import cut, reference
from settlement_bridge.instants import to_micros
from settlement_bridge.model import Settlement, SettlementType, Transaction
from tests.books import Books, ledger_of
from tests.desk import Desk, make_blank
from tests.formats.readers import camt_053
from tests.formats.remake import GOLDEN, golden_report, rendered_as
from tests.formats.reports import report, row, settlement, totals_of

CAMT = formats.get("camt.053.xml")
UPPER, LOWER = "api:100001", "api:100002"


def document(*sections: tuple[Settlement, list[Transaction]]) -> etree._Element:
    return etree.fromstring(rendered_as(CAMT, replace(report(), sections=list(sections))))


def texts(root: etree._Element, path: str) -> list[str | None]:
    """Return the texts at a path of element names, in order."""
    return [found.text for found in root.iterfind(".//" + re.sub("([A-Za-z]+)", r"{*}\1", path))]


def test_a_statement_is_written_as_it_always_was() -> None:
    assert rendered_as(CAMT, golden_report()).decode() == (GOLDEN / "654321-2000001.camt.053.xml").read_text()


def test_the_account_is_the_ledger_and_the_bank_account_is_nowhere() -> None:
    rows = [row(1)]
    mine = settlement(totals_of(rows))
    root = document((mine, rows))
    assert texts(root, "Acct/Id/Othr/Id") == ["302321"]
    assert mine.bank_account.encode() not in etree.tostring(root)


def test_the_payout_number_counts_the_statements() -> None:
    rows = [row(1)]
    root = document(*((settlement(totals_of(rows), payout), rows) for payout in (2000001, 2000002)))
    assert texts(root, "ElctrncSeqNb") == ["2000001", "2000002"]
    assert texts(root, "Stmt/Id") == ["302321-2000001", "302321-2000002"]


def test_fees_on_an_invoice_are_not_on_the_account() -> None:
    rows = [row(1, amount=10_000, fee=225)]
    gross = replace(settlement(totals_of(rows)), type=SettlementType.GROSS, settled_amount=10_000)
    assert texts(document((gross, rows)), "Prtry/Cd") == ["capture", "payout"]


def test_a_negative_share_is_paid_back_to_the_account() -> None:
    rows = [row(1, amount=-5_000, fee=0)]
    root = document((settlement(totals_of(rows)), rows))
    assert texts(root, "Prtry/Cd") == ["refund", "payout"]
    assert texts(root, "Ntry/CdtDbtInd") == ["DBIT", "CRDT"]


def test_every_own_reference_is_there_once() -> None:
    rows = [row(number) for number in range(5)]
    root = document(
        *((settlement(totals_of(rows[:3]), 2000001), rows[:3]), (settlement(totals_of(rows[3:]), 2000002), rows[3:]))
    )
    references = texts(root, "AcctSvcrRef")
    assert len(set(references)) == len(references) == 9


def test_entries_are_booked_within_the_period_and_keep_their_time() -> None:
    times = [
        datetime(2026, 3, 20, 9, tzinfo=UTC),
        datetime(2026, 3, 28, 9, tzinfo=UTC),
        datetime(2026, 3, 29, 23, tzinfo=UTC),
    ]
    rows = [row(number)._replace(instant=to_micros(time)) for number, time in enumerate(times)]
    root = document((settlement(totals_of(rows)), rows))
    assert texts(root, "BookgDt/Dt") == ["2026-03-28", "2026-03-28", "2026-03-29", "2026-03-29", "2026-03-29"]
    assert texts(root, "BookgDt/Dt") == texts(root, "ValDt/Dt")
    assert texts(root, "TxDtTm") == [
        "2026-03-20T10:00:00+01:00",
        "2026-03-28T10:00:00+01:00",
        "2026-03-30T01:00:00+02:00",
    ]


def test_orders_too_long_for_a_reference_stay_apart_and_are_told_in_full() -> None:
    orders = ["x" * 35, "x" * 35 + "1", "x" * 35 + "2", "x" * 200, ""]
    rows = [row(number, order_id=order) for number, order in enumerate(orders)]
    root = document((settlement(totals_of(rows)), rows))
    references = texts(root, "EndToEndId")[: len(rows)]
    assert references[0] == orders[0]
    assert references[-1] == "NOTPROVIDED"
    assert len(set(references)) == len(rows)
    assert texts(root, "Ustrd") == [*orders[1:3], "x" * 140]


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_a_reference_always_fits_and_is_the_same_every_time(text: str) -> None:
    assert 1 <= len(reference(text)) <= 35
    assert reference(text) == reference(text)
    assert 1 <= len(cut(text, 70)) <= 70


@pytest.mark.parametrize("field", ["opening_balance", "closing_balance", "settled_amount"])
def test_balances_that_the_entries_do_not_lead_to_are_refused(field: str) -> None:
    rows = [row(1)]
    mine = settlement(totals_of(rows))
    wrong: Settlement = replace(mine, **{field: getattr(mine, field) + 1})
    with pytest.raises(RenderingRefused, match="no statement can be made of it, the balance before"):
        document((wrong, rows))


def test_a_row_of_both_sides_is_refused() -> None:
    rows = [row(1)._replace(capture=500, refund=-200)]
    with pytest.raises(RenderingRefused, match="both a capture and a refund"):
        document((settlement(totals_of(rows)), rows))


def test_a_large_file_is_checked_in_pieces_and_a_fault_in_its_middle_is_found(tmp_path: Path) -> None:
    rows = [row(number, order_id="x" * (number % 50)) for number in range(3_000)]
    content = rendered_as(CAMT, replace(report(), sections=[(settlement(totals_of(rows)), rows)]))
    path = tmp_path / "large.camt.053.xml"
    path.write_bytes(content)
    CAMT.check(path)
    with path.open("rb") as file:
        assert CHECK.suspicion(file, len(content)) is None
    middle = content.index(b"<Cd>BOOK</Cd>", len(content) // 2)
    path.write_bytes(content[:middle] + b"<Cd>BOKK</Cd>" + content[middle + 13 :])
    line = content[:middle].count(b"\n") + 1
    with pytest.raises(RenderingRefused, match=f"line {line}: "):
        CAMT.check(path)


# From the books


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blank(tmp_path_factory.mktemp("blank") / "blank.db")


class Statements:
    """The statements of books that are told in a test."""

    def __init__(self, blank: Path, path: Path, books: Books) -> None:
        self.desk = Desk(blank, path, books)

    def of(self, payout: int) -> dict[str, etree._Element]:
        """Return a payout's statements by account, each added up and validated."""
        found = {}
        for stored in self.desk.stored(payout):
            content = self.desk.file(stored, "camt.053.xml")
            camt_053(content)
            found[stored.settlement.account] = etree.fromstring(content)
        return found


@pytest.fixture
def statements(blank: Path, tmp_path: Path) -> Iterator[Statements]:
    made = Statements(blank, tmp_path / "state.db", Books())
    yield made
    made.desk.close()


@pytest.fixture
def joint(blank: Path, tmp_path: Path) -> Iterator[Statements]:
    made = Statements(blank, tmp_path / "state.db", Books(ledger_of(UPPER, LOWER)))
    yield made
    made.desk.close()


def balances(root: etree._Element) -> list[str | None]:
    return texts(root, "Bal/Amt")


def test_each_statement_opens_where_the_one_before_closed(statements: Statements) -> None:
    books = statements.desk.books
    for keep in (30_00, 10_00, 0):
        books.capture("A", 100_00, 2_00)
        books.end_of_day(keep=keep)
    statements.desk.settle()
    roots = [statements.of(payout)["302321"] for payout in (2000001, 2000002, 2000003)]
    assert [balances(root) for root in roots] == [["0.00", "30.00"], ["30.00", "10.00"], ["10.00", "0.00"]]
    assert texts(roots[0], "Prtry/Cd") == ["capture", "fees", "payout"]
    assert texts(roots[0], "Ntry/Amt") == ["100.00", "2.00", "68.00"]


def test_a_reserve_paid_out_is_a_payout_and_no_sale(statements: Statements) -> None:
    books = statements.desk.books
    books.capture("A", 100_00)
    books.end_of_day(keep=40_00)
    books.payout()
    statements.desk.settle()
    (root,) = statements.of(2000002).values()
    assert statements.desk.rows(2000002)[0].order_id == "balance"
    assert balances(root) == ["40.00", "0.00"]
    assert texts(root, "Prtry/Cd") == ["payout"]


def test_a_balance_below_zero_is_a_debit(statements: Statements) -> None:
    books = statements.desk.books
    books.capture("A", 100_00)
    books.end_of_day()
    books.refund("A", 100_00)
    books.end_of_day()
    books.capture("B", 250_00)
    books.end_of_day()
    statements.desk.settle()
    (root,) = statements.of(2000002).values()
    assert balances(root) == ["0.00", "0.00"]
    assert texts(root, "Ntry/CdtDbtInd") == ["DBIT", "CRDT", "DBIT"]


def test_rule_12_of_a_joint_ledger_every_sales_unit_has_an_account(joint: Statements) -> None:
    books = joint.desk.books
    books.capture("A", 100_00, 2_00, handle=UPPER)
    books.capture("B", 50_00, 1_00, handle=LOWER)
    books.end_of_day(keep=20_00)
    books.capture("C", 10_00, handle=LOWER)
    books.capture("D", 40_00, handle=UPPER)
    books.end_of_day()
    joint.desk.settle()
    first, second = joint.of(2000001), joint.of(2000002)
    assert {account: balances(root) for account, root in first.items()} == {
        "302321-100001": ["0.00", "20.00"],
        "302321-100002": ["0.00", "0.00"],
    }
    assert {account: balances(root) for account, root in second.items()} == {
        "302321-100001": ["20.00", "0.00"],
        "302321-100002": ["0.00", "0.00"],
    }


def test_a_gross_ledger_s_statement_leads_from_balance_to_balance(blank: Path, tmp_path: Path) -> None:
    made = Statements(blank, tmp_path / "state.db", Books())
    made.desk.rules = SettlementRules(types={"302321": SettlementType.GROSS})
    made.desk.books.capture("A", 100_00, 2_00)
    made.desk.books.payout()
    made.desk.books.capture("B", 10_00, 1_00)
    made.desk.settle()
    (root,) = made.of(2000001).values()
    made.desk.close()
    assert texts(root, "Prtry/Cd") == ["capture", "payout"]
