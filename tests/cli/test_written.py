"""Files that `render` and `report` write: where, for whom, and what never happens to other files."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from settlement_bridge.sandbox import recorded
from tests.cli.command import Place, served

RENDER = ("render", "302321", "2000001")
DAY = "2026-10-01"
PERIOD = ("--from", DAY, "--to", DAY)


def entry(reference: str, kind: str, amount: int, before: int, handle: str | None) -> dict[str, Any]:
    return {
        "pspReference": reference,
        "time": f"{DAY}T10:00:00.123456Z",
        "ledgerDate": DAY,
        "entryType": kind,
        "reference": "order",
        "currency": "NOK",
        "amount": amount,
        "balanceBefore": before,
        "balanceAfter": before + amount,
        "recipientHandle": handle,
    }


def recording(folder: Path, handle: str) -> Path:
    """A ledger with one payout of a sales unit of that handle."""
    folder.mkdir()
    number = {"scheme": "business:NO:ORG", "id": "310000000"}
    ledger = {
        "ledgerId": "302321",
        "currency": "NOK",
        "payoutBankAccount": {"scheme": "BBAN:NO", "id": "00001234560"},
        "owner": number,
        "settlesForRecipientHandles": [handle],
        "salesUnits": [{"name": "Shop", "recipientHandle": handle, "businessIdentifier": number}],
    }
    funds = [
        entry("1", "capture", 10000, 0, handle),
        entry("302321-2000001", "payout-scheduled", -10000, 10000, None),
    ]
    for name, content in {"ledgers": [ledger], "funds": funds, "fees": []}.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A shop with one payout, synced."""
    with served(tmp_path / "shop", recorded(recording(tmp_path / "recording", "api:16655"))) as place:
        assert place.run("sync").code == 0
        yield place


@pytest.mark.parametrize("msn", ["../../stolen", "/stolen", "a/b"])
def test_a_sales_unit_is_not_believed_where_to_write(tmp_path: Path, msn: str) -> None:
    with served(tmp_path / "deep" / "shop", recorded(recording(tmp_path / "recording", f"api:{msn}"))) as place:
        assert place.run("sync").code == 1
        out = place.folder / "out"
        (out / "a").mkdir(parents=True)
        before = sorted(path for path in tmp_path.rglob("*") if not path.name.startswith("state.db"))

        for arguments in (RENDER, ("report", msn, *PERIOD)):
            done = place.run(*arguments, "--output", out)
            assert done.code == 1
            assert f"merchant serial number '{msn}' cannot be part of a path" in done.err
        assert sorted(path for path in tmp_path.rglob("*") if not path.name.startswith("state.db")) == before


def test_no_link_in_a_folder_of_others_leads_to_another_file(shop: Place) -> None:
    out, secret = shop.folder / "out", shop.folder / "secret"
    out.mkdir()
    secret.write_text("kept")
    (out / ".16655-2000001.xml.part").symlink_to(secret)

    assert shop.run(*RENDER, "--output", out).code == 0

    assert secret.read_text() == "kept"
    assert (out / "16655-2000001.xml").read_bytes().startswith(b"<?xml")
    assert not (out / "16655-2000001.xml").is_symlink()


def test_what_only_its_owner_could_read_stays_so(shop: Place) -> None:
    out = shop.folder / "one.xml"
    out.touch(mode=0o600)

    assert shop.run(*RENDER, "--output", out).code == 0

    assert out.stat().st_size > 1000
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


@pytest.mark.parametrize("missing", ["nowhere/one.xml", "one.xml/two.xml"])
def test_a_path_that_cannot_be_written_is_named_as_it_was_given(shop: Place, missing: str) -> None:
    (shop.folder / "one.xml").touch()

    done = shop.run(*RENDER, "--output", shop.folder / missing)

    assert done.code == 1
    assert done.err.startswith(f"settlement-bridge: {shop.folder / missing}: ")


def test_a_device_that_takes_nothing_is_named(shop: Place) -> None:
    done = shop.run(*RENDER, "--output", "/dev/full")

    assert (done.code, done.err) == (1, "settlement-bridge: /dev/full: No space left on device\n")


def test_a_slash_at_the_end_means_a_folder(shop: Place) -> None:
    for arguments in (RENDER, ("report", "16655", *PERIOD)):
        done = shop.run(*arguments, "--output", f"{shop.folder}/look/")

        assert done.code == 2
        assert f"there is no folder {shop.folder}/look/: make it first" in done.err
        assert not (shop.folder / "look").exists()
