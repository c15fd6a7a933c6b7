"""An old file against a new one: what differs is found, told once, and graded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.comparison import Difference, Grade, SettlementDifferences, Verdict, compare
from settlement_bridge.comparison.settlement_files import MOST_ROWS_TOLD
from settlement_bridge.instants import to_micros
from settlement_bridge.model import FiledKey, Merchant, Report, Transaction
from tests.formats.reports import MERCHANT, report, row, settlement, totals_of
from tests.readers.files import FORMATS, read, rendered, settlements

ROWS = [row(1, order_id="a"), row(2, order_id="b"), row(3, amount=-5_000, fee=0, order_id="c"), row(4, order_id="")]
KEY = FiledKey(MERCHANT.msn, 2000001)
EVERY = pytest.mark.parametrize("name", FORMATS)


def compared(name: str, old: Report, new: Report) -> list[SettlementDifferences]:
    before = rendered(name, old)
    return compare(read(before), read(rendered(name, new)), dict.fromkeys(one.key for one in settlements(before)))


def alone(name: str, old: list[Transaction], new: list[Transaction]) -> SettlementDifferences:
    (one,) = compared(name, report(old), report(new))
    return one


def summary(one: SettlementDifferences) -> list[tuple[str, str, object, object, str | None]]:
    return [
        (each.grade.value, each.field, each.old, each.new, each.row and each.row.transaction_id)
        for each in one.differences
    ]


@EVERY
def test_the_same_rows_in_another_order_are_identical(name: str) -> None:
    one = alone(name, ROWS, ROWS[::-1])
    assert (one.verdict, one.rows, one.differences) == (Verdict.IDENTICAL, 4, ())


@EVERY
def test_a_fee_that_differs_shows_in_the_sums_and_in_its_row(name: str) -> None:
    one = alone(name, ROWS, [ROWS[0], ROWS[1]._replace(fee=300), *ROWS[2:]])
    assert one.verdict is Verdict.DIFFERENT
    assert [each.grade for each in one.differences] == sorted(
        (each.grade for each in one.differences), key=list(Grade).index
    )
    in_rows = [each for each in summary(one) if each[0] == "rows"]
    assert in_rows == [("rows", "fee", 225, 300, "5000000002")]
    sums = {each[1]: each[2:4] for each in summary(one) if each[0] == "sums"}
    told = {"fees": (675, 750), "net": (24_325, 24_250), "amount paid out": (24_325, 24_250)}
    silent = {"xml 2.0": ["amount paid out"], "csv sections": ["amount paid out"], "csv table": ["fees", "net"]}
    untold = silent.get(name, ["fees", "net"] if name == "xlsx" else [])
    assert sums == {field: sides for field, sides in told.items() if field not in untold}


@EVERY
def test_an_amount_that_differs_is_told_once_a_row(name: str) -> None:
    one = alone(name, ROWS, [ROWS[0]._replace(capture=20_000), *ROWS[1:]])
    field = "capture" if name in ("xml 3.0", "xml.zip 3.0", "csv sections") else "gross"
    assert [each for each in summary(one) if each[0] == "rows"] == [("rows", field, 10_000, 20_000, "5000000001")]


@EVERY
def test_rows_that_only_one_file_has_are_named(name: str) -> None:
    one = alone(name, ROWS, [*ROWS[1:], row(9, order_id="z")])
    assert [each for each in summary(one) if each[0] == "rows"] == [
        ("rows", "transaction only in the old file", 9_775, None, "5000000001"),
        ("rows", "transaction only in the new file", None, 9_775, "5000000009"),
    ]
    assert one.rows == 5


@EVERY
def test_a_row_with_another_number_is_found_by_its_order(name: str) -> None:
    one = alone(name, ROWS, [ROWS[0], ROWS[1]._replace(number=77), *ROWS[2:]])
    assert summary(one) == [("rows", "TransactionID", "5000000002", "77", "5000000002")]


def test_of_two_rows_of_one_order_the_one_with_the_amount_is_taken() -> None:
    old = [row(1, amount=100, order_id="a"), row(2, amount=200, order_id="a")]
    new = [old[1]._replace(number=5_000_000_008), old[0]._replace(number=5_000_000_009)]
    assert summary(alone("xml 3.0", old, new)) == [
        ("rows", "TransactionID", "5000000001", "5000000009", "5000000001"),
        ("rows", "TransactionID", "5000000002", "5000000008", "5000000002"),
    ]


def test_an_order_id_that_the_old_file_left_empty_is_a_text() -> None:
    one = alone("xml 3.0", ROWS, [*ROWS[:3], ROWS[3]._replace(order_id="capture")])
    assert summary(one) == [("texts", "OrderID", "", "capture", "5000000004")]
    assert one.verdict is Verdict.TEXTS
    assert alone("xml 3.0", [*ROWS[:3], ROWS[3]._replace(order_id="x")], ROWS).verdict is Verdict.DIFFERENT


def test_a_time_of_another_millisecond_is_told() -> None:
    other = ROWS[0]._replace(instant=to_micros(datetime.fromisoformat("2026-03-29T01:00:00.002+00:00")))
    ((grade, field, old, new, _),) = summary(alone("xml 3.0", ROWS, [other, *ROWS[1:]]))
    assert (grade, field, new) == ("rows", "time", other.time)
    assert isinstance(old, datetime)


@pytest.mark.parametrize(
    ("change", "grade", "field"),
    [
        (lambda one: replace(one, bank_account="1"), Grade.FACTS, "bank account"),
        (lambda one: replace(one, currency="DKK"), Grade.FACTS, "currency"),
        (lambda one: replace(one, settled_amount=1), Grade.SUMS, "amount paid out"),
    ],
)
def test_what_is_said_of_the_settlement_is_compared(change: Callable[..., object], grade: Grade, field: str) -> None:
    old = report(ROWS)
    changed = change(settlement(totals_of(ROWS)))
    account = getattr(changed, "bank_account", "")
    new = replace(report(), sections=[(changed, iter(ROWS))], bank_account=account)  # type: ignore[list-item]
    (one,) = compared("xml 3.0", old, new)
    assert [(each.grade, each.field) for each in one.differences] == [(grade, field)]
    assert one.verdict is Verdict.DIFFERENT


@EVERY
def test_names_and_addresses_are_no_difference_in_money(name: str) -> None:
    known = report(ROWS)
    nobody = Merchant(MERCHANT.msn, MERCHANT.sales_unit_name, MERCHANT.organization_number)
    (one,) = compared(name, known, report(ROWS, merchant=nobody))
    fields = {"xml 3.0": 5, "xml.zip 3.0": 5, "xml 2.0": 5, "csv sections": 1, "csv table": 0, "xlsx": 1}
    assert len(one.differences) == fields[name]
    assert one.verdict is (Verdict.TEXTS if fields[name] else Verdict.IDENTICAL)


def test_a_period_that_was_asked_for_is_not_compared() -> None:
    old = replace(report(ROWS), date_from=report().date_from.replace(day=1))
    assert compared("xml 3.0", old, report(ROWS))[0].verdict is Verdict.IDENTICAL


def test_each_settlement_of_a_file_is_compared_by_itself() -> None:
    later = [each._replace(number=each.number + 100) for each in ROWS]
    first, second = compared("xlsx", report(ROWS, later), report(ROWS, [*later[:3], later[3]._replace(fee=0)]))
    assert (first.verdict, second.verdict) == (Verdict.IDENTICAL, Verdict.DIFFERENT)
    assert second.key.payout == 2000002


def test_of_very_many_rows_the_first_are_told_and_all_are_counted() -> None:
    many = [row(number, fee=0, order_id=str(number)) for number in range(1, MOST_ROWS_TOLD + 51)]
    one = alone("xml 3.0", many, [each._replace(fee=1) for each in many])
    assert len([each for each in one.differences if each.grade is Grade.ROWS]) == MOST_ROWS_TOLD
    assert (one.rows_untold, one.rows) == (50, len(many))


AMOUNTS = st.integers(1, 99_999)


@settings(deadline=None, max_examples=60)
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=8), data=st.data())
def test_whatever_one_changes_about_a_row_is_found(amounts: list[int], data: st.DataObject) -> None:
    rows = [row(number, amount=amount, order_id=f"o{number}") for number, amount in enumerate(amounts, 1)]
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = [
        rows[place]._replace(capture=7_777_777),
        rows[place]._replace(fee=7_777_777),
        rows[place]._replace(order_id="other"),
        rows[place]._replace(number=1),
    ]
    name = data.draw(st.sampled_from(list(FORMATS)))
    one = alone(name, rows, [*rows[:place], data.draw(st.sampled_from(changed)), *rows[place + 1 :]])
    assert one.verdict is Verdict.DIFFERENT
    told: list[Difference] = [each for each in one.differences if each.row]
    assert {each.row.transaction_id for each in told if each.row} == {str(rows[place].number)}
