from datetime import timedelta

from settlement_bridge.store import Store
from settlement_bridge.store.runs import Run
from tests.store.histories import NOON


def test_there_is_no_last_run_before_the_first(store: Store) -> None:
    assert store.runs.last() is None


def test_a_run_under_way_has_no_end(store: Store) -> None:
    run_id = store.runs.start(NOON)
    assert store.runs.last() == Run(run_id, NOON, None, None, None)


def test_the_last_run_is_the_one_begun_last(store: Store) -> None:
    first = store.runs.start(NOON)
    second = store.runs.start(NOON + timedelta(hours=1))
    end = NOON + timedelta(hours=2)
    store.runs.finish(second, 75, {"held": ["302321"]}, end)
    store.runs.finish(first, 0, {}, end)
    assert store.runs.last() == Run(second, NOON + timedelta(hours=1), end, 75, {"held": ["302321"]})


def test_the_last_success_is_the_last_run_with_nothing_to_look_at(store: Store) -> None:
    assert store.runs.last_success() is None
    for hour, code in enumerate((0, 0, 75, 1)):
        store.runs.finish(store.runs.start(NOON), code, {}, NOON + timedelta(hours=hour))
    store.runs.start(NOON)
    assert store.runs.last_success() == NOON + timedelta(hours=1)
