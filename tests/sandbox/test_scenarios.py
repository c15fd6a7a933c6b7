"""Every scenario's books keep the rules of the field, whatever the seed and the dates."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.errors import ConfigurationError
from settlement_bridge.model import INVOICED, PAYOUT_TYPES, RETAINED, Book
from settlement_bridge.sandbox import World, scenario, scenarios
from settlement_bridge.sandbox.world import FIRST_PAYOUT, LedgerBooks, Rows

Items = Sequence[dict[str, Any]]

stories = st.builds(
    lambda name, seed, until, days: scenario(name, seed=seed, until=until, days=days, transactions=500, ledgers=3),
    st.sampled_from(sorted(scenarios())),
    st.integers(0, 10**6),
    st.dates(date(2020, 6, 1), date(2030, 1, 1)),
    st.integers(1, 75),
)


def items_of(rows: Rows) -> Items:
    return [json.loads(row) for row in rows.json(0, len(rows))]


def ledgers_of(world: World) -> list[LedgerBooks]:
    return [world.ledger(index) for index in range(len(world))]


@settings(max_examples=40, deadline=None)
@given(stories)
def test_books_keep_the_rules(world: World) -> None:
    for ledger in ledgers_of(world):
        funds, fees = (items_of(ledger.book(book)) for book in Book)
        for book in (funds, fees):
            check_chain(book)
            check_dates(book)
        check_payouts(str(ledger.description["ledgerId"]), funds)
        check_pairs(funds, fees)
        check_transactions(ledger)


def check_chain(items: Items) -> None:
    balance = 0
    for item in items:
        assert type(item["amount"]) is int
        assert (item["balanceBefore"], item["balanceAfter"]) == (balance, balance + item["amount"])
        balance = item["balanceAfter"]


def check_dates(items: Items) -> None:
    for earlier, later in pairwise(items):
        assert earlier["time"] <= later["time"]
        assert earlier["ledgerDate"] <= later["ledgerDate"]


def check_payouts(ledger_id: str, funds: Items) -> None:
    payouts = [index for index, item in enumerate(funds) if item["entryType"] in PAYOUT_TYPES]
    for number, index in enumerate(payouts, FIRST_PAYOUT):
        assert funds[index]["pspReference"] == f"{ledger_id}-{number}"
        assert funds[index]["amount"] < 0
        assert all(item["ledgerDate"] > funds[index]["ledgerDate"] for item in funds[index + 1 :])


def check_pairs(funds: Items, fees: Items) -> None:
    kept_back = [(item["time"], -item["amount"]) for item in funds if item["entryType"] == RETAINED]
    collected, open_amount = [], 0
    for item in fees:
        if item["entryType"] in (RETAINED, INVOICED):
            assert item["amount"] == -open_amount, "a collection takes what came together since the one before"
            collected += [(item["time"], item["amount"])] if item["entryType"] == RETAINED else []
            open_amount = 0
        else:
            open_amount += item["amount"]
    assert kept_back == collected


def check_transactions(ledger: LedgerBooks) -> None:
    transactions, seen = ledger.transactions, 0
    rows = items_of(transactions)
    for number in transactions.payouts:
        start, stop = transactions.payout(number)
        assert start == seen
        seen = stop
        *sales, payout = rows[start:stop]
        assert (payout["transactionType"], payout["orderId"]) == ("payout", str(number))
        assert sum(sale["ledgerAmount"] for sale in sales) == -payout["ledgerAmount"] > 0
        assert {sale["transactionType"] for sale in sales} <= {"capture", "refund"}
        assert all(sale["ledgerAmount"] in (sale["grossAmount"], sale["grossAmount"] - sale["fee"]) for sale in sales)
        assert all(sale["fee"] == 0 for sale in sales if sale["transactionType"] == "refund")
    for row in rows:
        assert datetime.strptime(row["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo
        assert row["timestamp"][-5:] in ("+0100", "+0200")


@settings(max_examples=20, deadline=None)
@given(stories)
def test_a_sale_has_one_reference_on_its_ledger(world: World) -> None:
    for ledger in ledgers_of(world):
        items = items_of(ledger.book(Book.FUNDS))
        sales = [item["pspReference"] for item in items if item["entryType"] in ("capture", "refund")]
        assert len(sales) == len(set(sales))


@settings(max_examples=20, deadline=None)
@given(stories)
def test_the_configuration_can_name_every_organization(world: World) -> None:
    for ledger in ledgers_of(world):
        units = ledger.description["salesUnits"]
        assert {unit["businessIdentifier"]["id"] for unit in units} <= set(world.organizations)
        assert [unit["recipientHandle"] for unit in units] == ledger.description["settlesForRecipientHandles"]
    for organization in world.organizations.values():
        assert set(organization) == {"name", "address", "zip_code", "city", "country_code"}


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_a_seed_makes_the_same_world_again_and_another_seed_another(name: str) -> None:
    def made(seed: int) -> list[bytes]:
        funds = scenario(name, seed=seed, days=10).ledger(0).book(Book.FUNDS)
        return funds.json(0, 50)

    assert made(1) == made(1)
    assert made(1) != made(2)


def types_of(name: str, book: Book) -> set[str]:
    return {item["entryType"] for item in items_of(scenario(name).ledger(0).book(book))}


def test_the_late_fees_ledger_has_every_exception() -> None:
    assert types_of("late-fees", Book.FUNDS) >= {
        "retained-disputed-capture",
        "returned-disputed-capture",
        "correction",
        "credit-note",
        "goodwill-2027",
        "payout-aborted",
    }
    assert types_of("late-fees", Book.FEES) >= {"correction", "credit-note"}
    fees = items_of(scenario("late-fees").ledger(0).book(Book.FEES))
    days: dict[str, list[str]] = {}
    for item in fees:
        days.setdefault(item["pspReference"], []).append(item["ledgerDate"])
    assert any(len(dates) != len(set(dates)) for dates in days.values()), "several fees on one capture"
    assert any(len(set(dates)) > 1 for dates in days.values()), "a late fee besides one in time"
    funds = items_of(scenario("late-fees").ledger(0).book(Book.FUNDS))
    sold = {item["pspReference"]: item["ledgerDate"] for item in funds if item["entryType"] == "capture"}
    assert any(reference in sold and dates[0] > sold[reference] for reference, dates in days.items()), "only a late fee"


def test_each_scenario_tells_its_own_story() -> None:
    assert {"fees-invoiced", "capture-fee"} == types_of("gross", Book.FEES)
    assert RETAINED not in types_of("gross", Book.FUNDS)
    concert = items_of(scenario("concert").ledger(0).book(Book.FUNDS))
    topped_up = [item["entryType"] for item in concert].index("top-up")
    assert concert[topped_up]["balanceBefore"] < 0
    assert concert[topped_up]["amount"] > 0
    assert any(item["entryType"] == "payout-scheduled" for item in concert[topped_up:])
    club = items_of(scenario("sports-club").ledger(0).book(Book.FUNDS))
    assert any(item["balanceAfter"] < 0 for item in club), "a bad week"
    assert {item["reference"] for item in club if item["entryType"] == "capture"} == {""}
    reserve = items_of(scenario("rolling-reserve").ledger(0).book(Book.FUNDS))
    assert all(item["balanceAfter"] > 0 for item in reserve if item["entryType"] in PAYOUT_TYPES)
    chain = items_of(scenario("chain-of-shops").ledger(0).book(Book.FUNDS))
    assert len({item["recipientHandle"] for item in chain if item["entryType"] == "capture"}) == 3


def test_a_history_before_2024_pays_out_under_the_old_name() -> None:
    funds = items_of(scenario("webshop", until=date(2024, 1, 3), days=6).ledger(0).book(Book.FUNDS))
    paid = [(item["entryType"], item["ledgerDate"]) for item in funds if item["entryType"] in PAYOUT_TYPES]
    assert ("scheduled-for-payout", "2023-12-31") in paid
    assert ("payout-scheduled", "2024-01-01") in paid


def test_an_unknown_scenario_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'bakery'.*webshop"):
        scenario("bakery")


@pytest.mark.parametrize("what", ["days", "transactions", "ledgers"])
def test_an_empty_world_is_refused(what: str) -> None:
    numbers: dict[str, Any] = {what: 0}
    with pytest.raises(ConfigurationError, match=f"{what} = 0"):
        scenario("big-merchant", **numbers)
