"""One file a settlement, once, at its own path: collisions, strangers, importers and crashes (rules 13 and 23)."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.deliver import Deliverer
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.render import republish
from settlement_bridge.bridge.served import ServedDestination
from settlement_bridge.bridge.settings import BridgeSettings, Outlet, Scope
from settlement_bridge.bridge.settle import SettlementRules, settle_ledger
from settlement_bridge.errors import DeliveryFailed, StoreUnavailable
from settlement_bridge.model import Book, Organization, Report
from settlement_bridge.publish import Destination, Draft
from settlement_bridge.settlement.merchants import Directory
from settlement_bridge.store import Delivery, DeliveryState, Store
from settlement_bridge.store.settlement_draft import SettlementDraft
from tests.books import Books, ledger_of
from tests.bridge.conftest import LATER, bridge_settings, published

PATH = "987654321/100001/100001-2000001.xml"


def books(ledger_id: str = "302321", *, day: int = 0, order: str = "A-1") -> Books:
    """Tell of one sale, paid out so many days after the first Monday."""
    told = Books(ledger_of(ledger_id=ledger_id)).next_day(day)
    told.capture(order, 100_00, 2_00)
    told.end_of_day()
    return told


def settle(store: Store, told: Books) -> None:
    store.ledgers.remember([told.ledger])
    store.mirror.append(told.page(dict.fromkeys(Book, 0), told.size()))
    list(settle_ledger(store, told.ledger, SettlementRules(), told.now))


def deliver(store: Store, settings: BridgeSettings, now: datetime = LATER) -> list[Delivered]:
    """Deliver what is due, as a run does."""
    store.settlements.plan_deliveries(settings.delivery_plan())
    deliverer = Deliverer(store, settings)
    return [delivered for stored in deliverer.due() for delivered in deliverer.deliver(stored, now)]


def states(delivered: list[Delivered]) -> list[tuple[str, DeliveryState]]:
    return [(one.ledger_id, one.state) for one in delivered]


def test_a_file_is_delivered_once_and_recorded_with_its_fingerprint(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    (delivered,) = deliver(store, settings)
    (record,) = store.deliveries.in_state(DeliveryState.DELIVERED)
    assert delivered.path == record.path == f"settlements/inbox/xml/{PATH}"
    assert record.size == len(published(tmp_path / "to")[PATH])
    assert deliver(store, settings) == []


def test_every_destination_gets_its_own_copy_and_a_new_one_gets_the_old_files(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    first, second = tmp_path / "first", tmp_path / "second"
    deliver(store, bridge_settings(first))
    (delivered,) = deliver(store, bridge_settings(first, second))
    assert delivered.destination.endswith("second")
    assert published(first) == published(second)


def test_rule_13_of_two_that_want_one_path_the_earlier_date_keeps_it_and_the_other_is_named(
    store: Store, tmp_path: Path
) -> None:
    settle(store, books("500", day=7, order="moved"))
    settle(store, books("400", order="old"))
    settings = bridge_settings(tmp_path / "to")
    old, moved = deliver(store, settings)
    assert states([old, moved]) == [("400", DeliveryState.DELIVERED), ("500", DeliveryState.REFUSED)]
    assert moved.reason is not None
    assert moved.reason.startswith("payout 2000001 of ledger 500 (2025-01-13) wants settlements/inbox/xml/")
    assert "payout 2000001 of ledger 400 (2025-01-06) has" in moved.reason
    assert list(published(tmp_path / "to")) == [PATH]
    assert b"old" in published(tmp_path / "to")[PATH]
    assert states(deliver(store, settings)) == [("500", DeliveryState.REFUSED)]


def test_rule_13_of_two_at_the_same_moment_one_has_the_path_and_the_other_leaves_nothing_behind(
    store: Store, tmp_path: Path
) -> None:
    settle(store, books("400"))
    settle(store, books("500", day=7))
    settings = bridge_settings(tmp_path / "to")
    xml, (outlet,) = formats.get("xml"), settings.outlets

    class TakenMeanwhile:
        extension = "xml"
        check = staticmethod(xml.check)

        def write(self, report: Report, stream: BinaryIO) -> None:
            xml.write(report, stream)
            path = f"settlements/inbox/xml/{PATH}"
            claim = Delivery(outlet.destination.name, other.settlement_id, "xml", path, DeliveryState.PUBLISHING, LATER)
            store.deliveries.record(claim)

    first, other = store.settlements.due()
    late = replace(settings, outlets=(replace(outlet, formats=(TakenMeanwhile(),)),))
    (refused,) = Deliverer(store, late).deliver(first, LATER)
    assert refused.state is DeliveryState.REFUSED
    assert [path for path in (tmp_path / "to").rglob("*") if path.is_file()] == []


def test_rule_13_a_published_file_keeps_its_path_also_from_an_earlier_date(store: Store, tmp_path: Path) -> None:
    settings = bridge_settings(tmp_path / "to")
    settle(store, books("500", day=7, order="first there"))
    deliver(store, settings)
    before = published(tmp_path / "to")
    settle(store, books("400", order="too late"))
    assert states(deliver(store, settings)) == [("400", DeliveryState.REFUSED)]
    assert published(tmp_path / "to") == before


def test_rule_13_with_suffix_the_later_one_carries_its_ledger_id(store: Store, tmp_path: Path) -> None:
    settle(store, books("500", day=7))
    settle(store, books("400"))
    settings = bridge_settings(tmp_path / "to", suffix=True)
    assert [one.state for one in deliver(store, settings)] == [DeliveryState.DELIVERED] * 2
    assert list(published(tmp_path / "to")) == ["987654321/100001/100001-2000001-500.xml", PATH]


def test_a_path_is_free_for_another_destination(store: Store, tmp_path: Path) -> None:
    settle(store, books("400"))
    settings = bridge_settings(tmp_path / "one", tmp_path / "two")
    assert [one.state for one in deliver(store, settings)] == [DeliveryState.DELIVERED] * 2


def test_a_file_already_there_with_the_same_content_is_taken_for_delivered(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    deliver(store, bridge_settings(tmp_path / "copy"))
    put(tmp_path / "to", published(tmp_path / "copy")[PATH])
    settings = bridge_settings(tmp_path / "to")
    (delivered,) = deliver(store, settings)
    assert delivered.state is DeliveryState.DELIVERED
    assert everything(tmp_path / "to") == [PATH]


def test_a_file_already_there_with_other_content_is_never_overwritten(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    put(tmp_path / "to", b"<from the old service/>")
    settings = bridge_settings(tmp_path / "to")
    (refused,) = deliver(store, settings)
    assert refused.state is DeliveryState.REFUSED
    assert refused.reason is not None
    assert "nothing was overwritten" in refused.reason
    assert published(tmp_path / "to")[PATH] == b"<from the old service/>"
    assert everything(tmp_path / "to") == [PATH]
    (inbox(tmp_path / "to") / PATH).unlink()
    assert [one.state for one in deliver(store, settings)] == [DeliveryState.DELIVERED]


def test_rule_23_what_an_importer_took_away_does_not_come_again(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    deliver(store, settings)
    (inbox(tmp_path / "to") / PATH).unlink()
    store.settlements.plan_deliveries("everything is due again")
    assert deliver(store, settings) == []
    assert published(tmp_path / "to") == {}


def named(settings: BridgeSettings, name: str) -> BridgeSettings:
    """Return settings that call the organization of the books so."""
    directory = Directory({"987654321": Organization(name=name)})
    return replace(settings, rules=replace(settings.rules, directory=directory))


def test_rule_14_a_name_may_change_until_the_first_file_and_stays_from_then_on(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    deliver(store, named(settings, "Set after the payout was settled"))
    assert b"Set after the payout was settled" in published(tmp_path / "to")[PATH]
    again = bridge_settings(tmp_path / "another")
    deliver(store, named(again, "Set after the first file"))
    assert published(tmp_path / "another") == published(tmp_path / "to")


def test_rule_14_a_file_that_failed_does_not_keep_the_name(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    (tmp_path / "to").rmdir()
    assert states(deliver(store, named(settings, "Misspelt"))) == [("302321", DeliveryState.FAILED)]
    (tmp_path / "to").mkdir()
    deliver(store, named(settings, "Corrected"))
    assert b"Corrected" in published(tmp_path / "to")[PATH]


def test_rule_23_republish_takes_the_name_of_today(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    deliver(store, settings)
    (inbox(tmp_path / "to") / PATH).unlink()
    (done,) = republish(store, named(settings, "Of today"), "302321", 2000001, LATER)
    assert done.state is DeliveryState.DELIVERED
    assert b"Of today" in published(tmp_path / "to")[PATH]
    (stored,) = store.settlements.of_payout("302321", 2000001)
    assert stored.settlement.merchant.organization_name == "Of today"


def test_what_is_served_is_never_changed_and_the_refusal_says_what_to_do(store: Store) -> None:
    settle(store, books())
    outlet = Outlet(ServedDestination(store, lambda: LATER), (formats.get("xml"),))
    settings = replace(bridge_settings(), outlets=(outlet,))
    deliver(store, settings)
    (refused,) = republish(store, named(settings, "Of today"), "302321", 2000001, LATER)
    assert refused.state is DeliveryState.REFUSED
    assert (refused.reason or "").endswith(
        "What is served is never changed; `settlement-bridge render` writes the file as it would be now"
    )


def test_a_republish_that_is_refused_changes_nothing(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    deliver(store, settings)
    before = published(tmp_path / "to"), store.deliveries.in_state(DeliveryState.DELIVERED)
    (refused,) = republish(store, named(settings, "Of today"), "302321", 2000001, LATER)
    assert refused.state is DeliveryState.REFUSED
    assert (published(tmp_path / "to"), store.deliveries.in_state(DeliveryState.DELIVERED)) == before
    (stored,) = store.settlements.of_payout("302321", 2000001)
    assert stored.settlement.merchant.organization_name == ""
    assert deliver(store, settings) == []


class Killed(BaseException):
    """The process ended here."""


class DyingDraft:
    """A real draft whose process dies right before or right after it gets its final name."""

    def __init__(self, draft: Draft, after: bool) -> None:
        self._draft = draft
        self._after = after
        self.stream = draft.stream
        self.local_path = draft.local_path
        self.seal = draft.seal

    def publish(self) -> None:
        if self._after:
            self._draft.publish()
        raise Killed

    def leave(self) -> None:
        """As the operating system does when a process dies."""
        self._draft.leave()

    def discard(self) -> None:
        raise AssertionError("a dead process discards nothing")


class DyingDestination:
    """The real thing, but for the end of the process."""

    def __init__(self, real: Destination, after: bool) -> None:
        self._real = real
        self._after = after
        self.name = real.name
        self.look = real.look
        self.recover = real.recover
        self.check = real.check
        self.close = real.close

    def draft(self, path: PurePosixPath) -> Draft:
        return DyingDraft(self._real.draft(path), self._after)


def dying(settings: BridgeSettings, after: bool) -> BridgeSettings:
    (outlet,) = settings.outlets
    return replace(settings, outlets=(replace(outlet, destination=DyingDestination(outlet.destination, after)),))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("taken", [False, True])
def test_a_crash_while_publishing_leaves_one_file_and_one_delivery(
    store: Store, tmp_path: Path, after: bool, taken: bool
) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(settings, after))
    (record,) = store.deliveries.in_state(DeliveryState.PUBLISHING)
    if after and taken:
        (inbox(tmp_path / "to") / PATH).unlink()
    (delivered,) = deliver(store, settings)
    assert delivered.state is DeliveryState.DELIVERED
    assert record.path == delivered.path
    assert everything(tmp_path / "to") == ([] if after and taken else [PATH])
    assert deliver(store, settings) == []


def test_a_claim_that_is_kept_although_its_answer_got_lost_leaves_the_draft_to_publish(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox(tmp_path / "to") / PATH).parent.mkdir(parents=True)
    settle(store, books())
    record = store.deliveries.record

    def kept_but_not_told(delivery: Delivery) -> None:
        record(delivery)
        raise StoreUnavailable("the connection broke")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(store.deliveries, "record", kept_but_not_told)
        deliver(store, bridge_settings(tmp_path / "to"))
    (delivered,) = deliver(store, bridge_settings(tmp_path / "to"))
    assert delivered.state is DeliveryState.DELIVERED
    assert everything(tmp_path / "to") == [PATH]


@pytest.mark.parametrize("kept", [True, False])
def test_a_draft_whose_claim_failed_is_free_though_somebody_holds_on_to_the_error(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    (inbox(tmp_path / "to") / PATH).parent.mkdir(parents=True)
    settle(store, books())
    record = store.deliveries.record

    def not_told(delivery: Delivery) -> None:
        if kept:
            record(delivery)
        raise StoreUnavailable("the connection broke")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable) as error:
        patch.setattr(store.deliveries, "record", not_told)
        deliver(store, bridge_settings(tmp_path / "to"))
    assert states(deliver(store, bridge_settings(tmp_path / "to"))) == [("302321", DeliveryState.DELIVERED)]
    assert everything(tmp_path / "to") == [PATH]
    assert error.tb, "it has referred to the draft all the time"


def test_rule_14_a_file_that_may_have_appeared_keeps_its_name(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(named(settings, "Then"), after=True))
    deliver(store, named(settings, "Now"))
    assert b"Then" in published(tmp_path / "to")[PATH]
    (stored,) = store.settlements.of_payout("302321", 2000001)
    assert stored.settlement.merchant.organization_name == "Then"


def test_a_payout_that_is_settled_although_the_answer_got_lost_keeps_its_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = SettlementDraft.settle

    def kept_but_not_told(draft: SettlementDraft, *told: Any) -> None:
        keep(draft, *told)
        raise StoreUnavailable("the connection broke")

    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(SettlementDraft, "settle", kept_but_not_told)
        settle(store, books())
    settle(store, books())
    assert states(deliver(store, bridge_settings(tmp_path / "to"))) == [("302321", DeliveryState.DELIVERED)]


def test_a_claim_whose_draft_was_damaged_is_written_anew(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(settings, after=False))
    (draft,) = (inbox(tmp_path / "to") / PATH).parent.iterdir()
    draft.write_bytes(b"torn")
    (delivered,) = deliver(store, settings)
    assert delivered.state is DeliveryState.DELIVERED
    assert published(tmp_path / "to")[PATH].startswith(b"<?xml")


class FullDestination(DyingDestination):
    """The real thing, but for its disk, which takes no more drafts."""

    def draft(self, path: PurePosixPath) -> Draft:
        raise DeliveryFailed(f"{path}: no space left")


def test_a_claim_whose_draft_was_damaged_is_not_believed_delivered_when_the_disk_is_full(
    store: Store, tmp_path: Path
) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(settings, after=False))
    (draft,) = (inbox(tmp_path / "to") / PATH).parent.iterdir()
    draft.write_bytes(b"torn")
    (outlet,) = settings.outlets
    full = replace(outlet, destination=FullDestination(outlet.destination, after=False))
    assert states(deliver(store, replace(settings, outlets=(full,)))) == [("302321", DeliveryState.FAILED)]
    assert states(deliver(store, settings)) == [("302321", DeliveryState.DELIVERED)]
    assert everything(tmp_path / "to") == [PATH]


def test_a_claim_that_cannot_be_looked_into_stays_one(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(settings, after=True))
    final = inbox(tmp_path / "to") / PATH
    final.unlink()
    final.mkdir()
    (refused,) = deliver(store, settings)
    assert (refused.state, "is not a file" in (refused.reason or "")) == (DeliveryState.REFUSED, True)
    final.rmdir()
    assert states(deliver(store, settings)) == [("302321", DeliveryState.DELIVERED)]
    assert everything(tmp_path / "to") == []


def test_a_claim_whose_path_holds_other_content_by_then_is_refused(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    with pytest.raises(Killed):
        deliver(store, dying(settings, after=False))
    put(tmp_path / "to", b"<somebody else's/>")
    (refused,) = deliver(store, settings)
    assert refused.state is DeliveryState.REFUSED
    assert published(tmp_path / "to")[PATH] == b"<somebody else's/>"


def test_a_folder_that_is_gone_fails_and_the_next_run_delivers(store: Store, tmp_path: Path) -> None:
    settle(store, books())
    settings = bridge_settings(tmp_path / "to")
    (tmp_path / "to").rmdir()
    (failed,) = deliver(store, settings)
    assert failed.state is DeliveryState.FAILED
    assert str(tmp_path / "to") in (failed.reason or "")
    (tmp_path / "to").mkdir()
    assert [one.state for one in deliver(store, settings)] == [DeliveryState.DELIVERED]


def test_what_is_out_of_scope_is_mirrored_and_settled_but_not_delivered(store: Store, tmp_path: Path) -> None:
    told = books()
    told.capture("A-2", 50_00)
    told.payout()
    settle(store, told)
    assert deliver(store, bridge_settings(tmp_path / "to", scope=Scope(first_payout=2000002))) != []
    assert list(published(tmp_path / "to")) == ["987654321/100001/100001-2000002.xml"]


def test_a_withheld_payout_is_never_delivered(store: Store, tmp_path: Path) -> None:
    told = Books(opening_funds=1_00)
    told.capture("A-1", 100_00)
    told.payout()
    settle(store, told)
    assert deliver(store, bridge_settings(tmp_path / "to")) == []
    assert list((tmp_path / "to").iterdir()) == []


def test_an_msn_that_is_no_part_of_a_path_is_refused(store: Store, tmp_path: Path) -> None:
    handle = "api:../../etc"
    told = Books(ledger_of(handle))
    told.capture("A-1", 100_00, handle=handle)
    told.payout()
    settle(store, told)
    (refused,) = deliver(store, bridge_settings(tmp_path / "to"))
    assert refused.state is DeliveryState.REFUSED
    assert list((tmp_path / "to").iterdir()) == []


def inbox(folder: Path) -> Path:
    return folder / "settlements" / "inbox" / "xml"


def put(folder: Path, content: bytes) -> None:
    file = inbox(folder) / PATH
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def everything(folder: Path) -> list[str]:
    return [str(file.relative_to(inbox(folder))) for file in sorted(inbox(folder).rglob("*")) if file.is_file()]
