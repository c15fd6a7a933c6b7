"""What a run could not do is looked at again soon, and nothing else with it."""

from pathlib import Path

import pytest

from settlement_bridge.sandbox import scenario
from settlement_bridge.sandbox.stored import together
from tests.daemon.running import daemon, eventually
from tests.system.conftest import LEDGER, WORLD, files, serving, undisturbed

SOON = {"SETTLEMENT_BRIDGE_SCHEDULE__RETRY": "0.3"}
TWO = together([WORLD, scenario("webshop", days=3)])


def test_a_ledger_that_could_not_be_read_is_read_again_alone(tmp_path: Path) -> None:
    whole = undisturbed(tmp_path / "undisturbed", TWO)
    with serving(tmp_path / "place", TWO, f"503:path=/ledgers/{LEDGER}/,times=2") as (place, sandbox):
        with daemon(place, env=SOON) as running:
            assert running.event("ledger_unread")["ledger"] == LEDGER
            running.event("waiting")
            others = [one.target for one in sandbox.requests if "/ledgers/" in one.target and LEDGER not in one.target]
            assert running.event("run_started", 2)["ledgers"] == "1 to retry"
            eventually(lambda: files(place) == whole)
            assert running.stop() == 0
        again = [one.target for one in sandbox.requests if "/ledgers/" in one.target and LEDGER not in one.target]
        assert others
        assert again == others


def test_a_payout_that_waits_is_looked_at_until_its_fees_are_there(tmp_path: Path) -> None:
    with serving(tmp_path / "place", scenario("gross", days=3)) as (place, _), daemon(place, env=SOON) as running:
        waiting = running.event("payout_waiting")
        assert running.event("payout_waiting", 3)["payout"] == waiting["payout"]
        assert {each["ledgers"] for each in running.events("run_started")[1:]} == {"1 to retry"}
        assert running.stop() == 0


def test_a_file_that_could_not_be_delivered_comes_as_soon_as_it_can(tmp_path: Path, expected: dict[str, bytes]) -> None:
    with serving(tmp_path / "place", WORLD) as (place, _):
        place.published.rename(tmp_path / "away")
        with daemon(place, env=SOON) as running:
            assert running.event("file_failed")["reason"]
            running.event("waiting", 2)
            (tmp_path / "away").rename(place.published)
            eventually(lambda: files(place) == expected)
            eventually(lambda: running.events("run_finished")[-1]["exit_code"] == 0)
            assert running.stop() == 0


def test_a_day_without_anything_new_is_calm(tmp_path: Path) -> None:
    with serving(tmp_path / "place", WORLD) as (place, sandbox):
        sandbox.reveal(0)
        with daemon(place, env=SOON) as running:
            assert running.event("run_finished")["exit_code"] == 0
            running.event("waiting")
            assert not running.events("alarm")
            assert running.stop() == 0


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside another"])
def test_a_file_left_over_of_a_ledger_that_is_listed_no_more_is_tried_again(
    tmp_path: Path, expected: dict[str, bytes], alone: bool
) -> None:
    folder = tmp_path / "place"
    with serving(folder, WORLD) as (place, _):
        place.published.rename(tmp_path / "away")
        assert place.run("sync").code == 75
    with serving(folder, scenario("webshop", days=3)) as (place, sandbox):
        sandbox.reveal(0 if alone else None)
        with daemon(place, env=SOON) as running:
            running.event("run_finished", 2)
            (tmp_path / "away").rename(place.published)
            eventually(lambda: len(running.events("file_delivered")) == len(expected) + (0 if alone else 3))
            assert running.stop() == 0
            assert not running.events("run_failed")
            assert not running.events("alarm")
        assert expected.items() <= files(place).items()
