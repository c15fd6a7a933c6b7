from collections import Counter
from dataclasses import replace

import pytest

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.store import Store
from settlement_bridge.store.deliveries import Delivery, DeliveryState
from tests.store.histories import NOON

PATH = "settlements/inbox/xml/987654321/123455/123455-2000001.xml"


@pytest.fixture
def settlements(store: Store) -> list[int]:
    values = ", ".join(f"('302321', {number}, '123455', '', '2025-01-06', false)" for number in range(3))
    with store.writing() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO settlements (ledger_id, payout, msn, details, settlement_date, due) VALUES {values}"
        )
        return list(connection.exec_driver_sql("SELECT settlement_id FROM settlements ORDER BY payout").scalars())


def delivery(settlement_id: int, state: DeliveryState, path: str = PATH) -> Delivery:
    return Delivery("local", settlement_id, "xml", path, state, NOON)


def test_a_delivery_is_known_by_its_last_record(store: Store, settlements: list[int]) -> None:
    first = delivery(settlements[0], DeliveryState.PUBLISHING)
    store.deliveries.record(first)
    done = replace(first, state=DeliveryState.DELIVERED, sha256="ab", size=7)
    store.deliveries.record(done)
    assert store.deliveries.of(settlements[0]) == [done]
    assert store.deliveries.in_state(DeliveryState.DELIVERED) == [done]
    assert store.deliveries.in_state(DeliveryState.PUBLISHING) == []


@pytest.mark.parametrize("owns", [DeliveryState.PUBLISHING, DeliveryState.DELIVERED])
def test_a_path_belongs_to_one_settlement(store: Store, settlements: list[int], owns: DeliveryState) -> None:
    store.deliveries.record(delivery(settlements[0], owns))
    assert store.deliveries.claimed("local", PATH) == settlements[0]
    with pytest.raises(DeliveryRefused, match=f"{PATH} at local already belongs to another settlement"):
        store.deliveries.record(delivery(settlements[1], DeliveryState.PUBLISHING))
    assert store.deliveries.of(settlements[1]) == []


@pytest.mark.parametrize("free", [DeliveryState.REFUSED, DeliveryState.FAILED])
def test_a_delivery_that_came_to_nothing_leaves_its_path_free(
    store: Store, settlements: list[int], free: DeliveryState
) -> None:
    store.deliveries.record(delivery(settlements[0], free))
    assert store.deliveries.claimed("local", PATH) is None
    store.deliveries.record(delivery(settlements[1], DeliveryState.DELIVERED))


def test_the_same_path_at_another_destination_is_free(store: Store, settlements: list[int]) -> None:
    store.deliveries.record(delivery(settlements[0], DeliveryState.DELIVERED))
    store.deliveries.record(replace(delivery(settlements[1], DeliveryState.DELIVERED), destination="elsewhere"))


def test_deliveries_are_counted_by_state(store: Store, settlements: list[int]) -> None:
    store.deliveries.record(delivery(settlements[0], DeliveryState.DELIVERED, "a"))
    store.deliveries.record(delivery(settlements[1], DeliveryState.DELIVERED, "b"))
    store.deliveries.record(delivery(settlements[2], DeliveryState.REFUSED, "b"))
    assert store.deliveries.counts() == Counter({DeliveryState.DELIVERED: 2, DeliveryState.REFUSED: 1})
