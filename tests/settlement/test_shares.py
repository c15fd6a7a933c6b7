"""Who gets which part of a payout, and what every payout must pass (rules 11, 12 and 14)."""

from dataclasses import replace

import pytest

from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Organization, SalesUnit, SettlementType, Totals
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.settlement.shares import prove
from tests.books import Books, ledger_of
from tests.desk import Row
from tests.settlement.conftest import OpenDesk

ONE, TWO, THREE = "api:100001", "api:100002", "api:100003"


def joint() -> Books:
    return Books(ledger_of(ONE, TWO, THREE))


def test_rule_11_a_payout_that_its_entries_do_not_make_is_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    desk = open_desk(books)
    desk.mirror()
    with desk.store.writing() as connection:
        connection.exec_driver_sql("UPDATE entries SET amount = amount + 1 WHERE position = 1")
    with pytest.raises(DataRefused, match=r"the balance before \(0\) and the period's entries \(10001\) do not make"):
        desk.settle()
    assert desk.stored(2000001) == []


def test_rule_11_rows_that_do_not_come_to_the_entries_are_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    desk = open_desk(books)
    (record,) = desk.settle()
    prove(record.payout, SettlementType.NET, 98_00, [Totals(1, 100_00, 0, 2_00)], balance_row=False)
    for wrong in (Totals(1, 100_00, 0, 2_01), Totals(1, 100_01, 0, 2_00), Totals(1, 100_00, -1, 2_00)):
        with pytest.raises(DataRefused, match="its rows come to"):
            prove(record.payout, SettlementType.NET, 98_00, [wrong], balance_row=False)


def test_rule_12_every_sales_unit_of_a_joint_ledger_gets_its_own_share(open_desk: OpenDesk) -> None:
    books = joint()
    books.capture("A-1", 100_00, 2_00, handle=ONE)
    books.capture("B-1", 50_00, 1_00, handle=TWO)
    books.refund("B-0", 80_00, handle=TWO)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"100001": 98_00, "100002": -31_00}
    assert [row.order_id for row in desk.rows(2000001, "100002")] == ["B-1", "B-0"]


def test_rule_12_gross_shares_are_gross(open_desk: OpenDesk) -> None:
    books = joint()
    books.capture("A-1", 100_00, 2_00, handle=ONE)
    books.capture("B-1", 50_00, 1_00, handle=TWO)
    books.payout()
    books.fee("5199999999", 1)
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"100001": 100_00, "100002": 50_00}


def test_rule_12_rows_without_a_handle_belong_to_the_first_handle_that_has_rows(open_desk: OpenDesk) -> None:
    books = joint()
    books.capture("C-1", 100_00, handle=THREE)
    books.funds("correction", -5_00, handle=None)
    books.capture("B-1", 50_00, handle=TWO)
    books.payout()
    desk = open_desk(books)
    (record,) = desk.settle()
    assert [row.order_id for row in desk.rows(2000001, "100002")] == ["correction", "B-1"]
    assert [warning for warning in record.warnings if "name no sales unit" in warning]


def test_rule_12_which_handle_has_rows_is_told_by_its_msn_whatever_the_register(open_desk: OpenDesk) -> None:
    books = Books(ledger_of("NO:57860", "api:100002"))
    books.capture("A-1", 10_00, handle="nor:57860")
    books.capture("B-1", 5_00, handle="api:100002")
    books.funds("correction", 77, handle=None)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"57860": 10_77, "100002": 5_00}


def test_rule_12_where_no_handle_has_rows_the_first_of_all_has_them(open_desk: OpenDesk) -> None:
    books = joint()
    books.funds("top-up", 5_00, handle=None)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"100001": 5_00}


def test_rule_12_what_a_reserve_leaves_over_belongs_to_the_first_handle_that_has_rows(open_desk: OpenDesk) -> None:
    books = joint()
    books.capture("C-1", 100_00, handle=THREE)
    books.capture("B-1", 50_00, handle=TWO)
    books.payout(keep=20_00)
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"100003": 100_00, "100002": 30_00}


def test_rule_12_what_is_left_over_of_a_payout_of_late_fees_only_goes_to_their_sales_unit(open_desk: OpenDesk) -> None:
    books = joint()
    late = books.capture("B-1", 100_00, handle=TWO)
    books.payout(keep=50_00)
    books.fee(late, 1_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000002) == {"100002": 49_00}
    assert desk.rows(2000002) == [Row("B-1", 0, 0, 1_00, f"{late}:fee:2000002")]


def test_rule_12_a_late_fee_and_a_credit_go_to_the_sales_unit_of_their_capture(open_desk: OpenDesk) -> None:
    books = joint()
    late = books.capture("B-1", 100_00, 1_00, handle=TWO)
    books.end_of_day()
    books.capture("A-1", 100_00, handle=ONE)
    credited = books.capture("C-1", 100_00, -1_00, handle=THREE)
    books.fee(late, 50)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000002) == {"100001": 100_00, "100003": 101_00, "100002": -50}
    assert desk.rows(2000002, "100003")[1].id_from == f"{credited}:fee:2000002"


def test_rule_12_a_fee_whose_capture_nobody_knows_goes_by_its_own_handle(open_desk: OpenDesk) -> None:
    books = joint()
    books.capture("A-1", 100_00, handle=ONE)
    books.fee("5199999999", 1_00, handle=TWO)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.paid(2000001) == {"100001": 100_00, "100002": -1_00}


def test_rule_12_rows_without_a_handle_and_what_is_left_over_belong_together(open_desk: OpenDesk) -> None:
    books = joint()
    late = books.capture("A-1", 100_00, handle=ONE)
    books.end_of_day()
    books.fee(late, 1_00)
    books.capture("C-1", 100_00, handle=THREE)
    books.funds("correction", -5_00, handle=None)
    books.retained()
    books.payout(keep=20_00)
    desk = open_desk(books)
    desk.settle()
    assert [row.order_id for row in desk.rows(2000002, "100001")] == ["correction", "A-1"], "a fee's row is a row, too"
    assert desk.paid(2000002) == {"100001": -26_00, "100003": 100_00}


def test_rule_12_the_msn_is_what_follows_the_colon_whatever_the_register(open_desk: OpenDesk) -> None:
    books = Books(ledger_of("NO:57860"))
    books.capture("A-1", 100_00, handle="NO:57860")
    books.capture("A-2", 100_00, handle="nor:57860")
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.settlement(2000001).msn == "57860"
    assert desk.settlement(2000001).totals.count == 2


def test_rule_12_a_ledger_that_names_no_sales_unit_at_all_is_held(open_desk: OpenDesk) -> None:
    books = Books(replace(ledger_of(), handles=()))
    books.capture("A-1", 100_00, handle=None)
    books.payout()
    with pytest.raises(DataRefused, match="neither the ledger nor its entries name a sales unit"):
        open_desk(books).settle()


UNIT = SalesUnit(ONE, "From the API", "912345678")
FIRM = Organization("From the configuration", "Storgata 1", "0155", "OSLO", "NOR")


@pytest.mark.parametrize(
    ("units", "directory", "name", "organization"),
    [
        ((UNIT,), Directory({"912345678": FIRM}, {"100001": "Configured"}), "Configured", "912345678"),
        ((UNIT,), Directory({"912345678": FIRM}), "From the API", "912345678"),
        ((replace(UNIT, name=None),), Directory({"912345678": FIRM}), "From the configuration", "912345678"),
        ((replace(UNIT, organization_number=None),), Directory(), "From the API", "987654321"),
        ((), Directory({"987654321": FIRM}), "From the configuration", "987654321"),
        ((), Directory(), "100001", "987654321"),
    ],
)
def test_rule_14_names_come_from_the_configuration_then_the_api_then_the_organization_then_the_msn(
    open_desk: OpenDesk, units: tuple[SalesUnit, ...], directory: Directory, name: str, organization: str
) -> None:
    books = Books(replace(ledger_of(), sales_units=units))
    books.capture("A-1", 100_00)
    books.payout()
    desk = open_desk(books, SettlementRules(directory))
    desk.settle()
    merchant = desk.settlement(2000001).merchant
    known = organization in directory.organizations
    assert (merchant.sales_unit_name, merchant.organization_number) == (name, organization)
    assert (merchant.organization_name, merchant.address, merchant.city) == (
        ("From the configuration", "Storgata 1", "OSLO") if known else ("", "", "")
    )


def test_rule_14_what_was_used_is_kept_with_the_payout(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    desk = open_desk(books, SettlementRules(Directory({}, {"100001": "Old name"})))
    desk.settle()
    desk.rules = SettlementRules(Directory({}, {"100001": "New name"}))
    books.capture("A-2", 100_00)
    books.payout()
    desk.settle()
    names = [desk.settlement(number).merchant.sales_unit_name for number in (2000001, 2000002)]
    assert names == ["Old name", "New name"]
    assert desk.settlement(2000001).bank_account == "86011117947"
