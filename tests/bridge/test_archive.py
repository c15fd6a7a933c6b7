"""Files of the old service, and random books, against the bridge: mirrored, settled, rendered, read back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from settlement_bridge.bridge.compare import Comparer
from settlement_bridge.bridge.handover import report_of
from settlement_bridge.comparison import Verdict, contents
from settlement_bridge.model import PayoutState
from settlement_bridge.sandbox import Sandbox, recorded
from settlement_bridge.store import Store
from tests.books import Books, ledger_of
from tests.bridge.conftest import LATER, Run, bridge_settings
from tests.bridge.test_replay import settings_for
from tests.desk import Desk
from tests.histories import History, histories
from tests.readers.files import FORMATS, read, rendered, settlements
from tests.recording import record

PUBLISHED = [
    ("example-net", "settlement-files/example-net.xml", 2),
    ("example-net", "replay/example-net/expected/100716-2000002.xml", 1),
    ("sportsklubb", "settlement-files/sportsklubb-16655.xml", 1),
    ("sportsklubb", "settlement-files/sportsklubb-16655.xlsx", 1),
]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published[1])
def test_published_samples_are_identical_to_what_the_bridge_makes(
    reference: Path, tmp_path: Path, run: Run, store: Store, published: tuple[str, str, int], dialect: Any
) -> None:
    sample, name, count = published
    recording = reference / "reference" / "replay" / sample
    configured = settings_for(recording, tmp_path / "importers")
    with Sandbox(recorded(recording), dialect=dialect) as sandbox:
        assert run(sandbox, configured).exit_code == 0
    compared = Comparer(store, configured, LATER).compare(reference / "reference" / name)
    assert compared.refused is None
    assert [one.verdict for one in compared.settlements] == [Verdict.IDENTICAL] * count, compared.settlements
    assert compared.contents
    assert compared.contents.adds_up


def test_without_its_name_and_address_a_sample_differs_in_texts_only(
    reference: Path, tmp_path: Path, run: Run, store: Store
) -> None:
    recording = reference / "reference" / "replay" / "example-net"
    with Sandbox(recorded(recording)) as sandbox:
        assert run(sandbox, bridge_settings(tmp_path / "importers")).exit_code == 0
    compared = Comparer(store, bridge_settings(), LATER).compare(
        reference / "reference/settlement-files/example-net.xml"
    )
    assert [one.verdict for one in compared.settlements] == [Verdict.TEXTS] * 2
    assert {each.new for one in compared.settlements for each in one.differences} == {""}


def test_the_published_csv_and_table_are_read_with_their_own_sums(reference: Path) -> None:
    folder = reference / "reference" / "settlement-files"
    sections = (folder / "settlement-report.csv").read_bytes()
    (stated,) = settlements(sections)
    (_, listed) = contents(read(sections)).settlements
    assert (stated.captures, stated.fees, stated.refunds, stated.net, stated.count) == (
        *(16_511_71, 61_09, -1_490_00, 16_450_62),
        7,
    )
    assert (listed.rows.captures, listed.rows.fees, listed.rows.refunds, listed.rows.count) == (
        *(stated.captures, stated.fees, stated.refunds),
        7,
    )
    table = contents(read((folder / "table-example.xlsx").read_bytes()))
    assert table.adds_up
    assert [one.rows.net for one in table.settlements] == [
        one.stated.settled_amount for one in table.settlements if one.stated
    ]
    assert [one.rows.count for one in table.settlements] == [20, 15, 24, 11]


def shop(ledger_id: str, days: int) -> Books:
    """A shop's ledger; payouts begin at the same number, some days later."""
    books = Books(ledger_of(ledger_id=ledger_id))
    books.next_day(days)
    books.capture(f"of {ledger_id}", 100_00 + days, 2_00)
    books.end_of_day()
    return books


def test_of_two_ledgers_with_one_number_the_one_with_the_date_is_taken(tmp_path: Path, run: Run, store: Store) -> None:
    books = [shop("302321", 0), shop("302322", 40)]
    with Sandbox(recorded(*(record(one, tmp_path / one.ledger.ledger_id) for one in books))) as sandbox:
        assert run(sandbox, bridge_settings()).exit_code == 0
    both = store.settlements.of_sales_unit("100001", 2000001)
    assert [one.settlement.ledger_id for one in both] == ["302321", "302322"]
    for stored in both:
        old = tmp_path / "old.xml"
        old.write_bytes(rendered("xml 3.0", report_of(store, stored, bridge_settings())))
        (found,) = Comparer(store, bridge_settings(), LATER).compare(old).settlements
        assert found.verdict is Verdict.IDENTICAL


def test_a_payout_that_is_withheld_is_not_compared(tmp_path: Path, run: Run, store: Store) -> None:
    with Sandbox(recorded(record(shop("302321", 0), tmp_path / "books"))) as sandbox:
        run(sandbox, bridge_settings())
    (stored,) = store.settlements.of_sales_unit("100001")
    old = tmp_path / "old.xml"
    old.write_bytes(rendered("xml 3.0", report_of(store, stored, bridge_settings())))
    withheld = replace(store.settlements.payout("302321", 2000001), state=PayoutState.WITHHELD, reason="half known")
    store.settlements.relinked(withheld)
    (found,) = Comparer(store, bridge_settings(), LATER).compare(old).settlements
    assert (found.verdict, found.obstacle) == (Verdict.NOT_COMPARED, "the payout is withheld: half known")


# Random books


@contextmanager
def desk_of(blank: Path, history: History) -> Iterator[tuple[Desk, Path]]:
    with TemporaryDirectory() as folder:
        desk = Desk(blank, Path(folder) / "state.db", history.books, history.rules)
        try:
            desk.settle(now=desk.books.now + timedelta(days=30))
            yield desk, Path(folder)
        finally:
            desk.close()


@given(history=histories())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_random_books_read_back_as_they_are_in_the_store(blank: Path, history: History) -> None:
    with desk_of(blank, history) as (desk, folder):
        configured = replace(bridge_settings(), rules=history.rules)
        for record in desk.store.settlements.payouts(PayoutState.SETTLED):
            for stored in desk.stored(record.payout.number):
                for name in FORMATS:
                    document = rendered(name, report_of(desk.store, stored, configured))
                    (one,) = contents(read(document)).settlements
                    totals = stored.settlement.totals
                    assert (one.rows.count, one.rows.gross) == (totals.count, totals.gross), name
                    assert (one.rows.fees, one.rows.net) == (totals.fees, totals.net), name
                    assert contents(read(document)).adds_up, name
                    old = folder / "old"
                    old.write_bytes(document)
                    (verdict,) = (
                        found.verdict for found in Comparer(desk.store, configured, LATER).compare(old).settlements
                    )
                    assert verdict is Verdict.IDENTICAL, name
