"""Every format there is, published by a whole run, says the same of each payout."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.handover import Delivered
from settlement_bridge.bridge.outcome import NoProgress
from settlement_bridge.bridge.settings import Outlet
from settlement_bridge.publish import LocalDestination
from settlement_bridge.sandbox import Sandbox, scenario
from tests.bridge.conftest import Run, bridge_settings
from tests.formats.readers import FEES_APART, READERS, Contents, Row, Stated

CHOICES = {
    "first": {name: formats.get(name) for name in formats.EXTENSIONS},
    "second": {
        "xml, 2.0": formats.get("xml", xml_version="2.0"),
        "csv, table": formats.get("csv", csv_layout="table"),
    },
}


def read(folder: Path) -> Iterator[tuple[str, str, Contents]]:
    """Yield file name without extension, format and contents of all that was published."""
    for place, chosen in CHOICES.items():
        for name, form in chosen.items():
            inbox = folder / place / "settlements" / "inbox" / form.extension
            for file in inbox.rglob(f"*.{form.extension}"):
                form.check(file)
                yield file.name.removesuffix(f".{form.extension}"), name, READERS[name](file.read_bytes())


@pytest.mark.parametrize("name", ["chain-of-shops", "gross", "late-fees", "rolling-reserve"])
def test_all_formats_of_a_payout_agree(name: str, run: Run, tmp_path: Path) -> None:
    settings = bridge_settings()
    outlets = []
    for place, chosen in CHOICES.items():
        (tmp_path / place).mkdir()
        outlets.append(Outlet(LocalDestination(tmp_path / place), tuple(chosen.values())))
    with Sandbox(scenario(name, until=date(2025, 4, 6), days=14)) as sandbox:
        outcome = run(sandbox, replace(settings, outlets=tuple(outlets)))
    assert outcome.exit_code == 0
    published: dict[str, dict[str, Contents]] = {}
    for payout, format_name, contents in read(tmp_path):
        published.setdefault(payout, {})[format_name] = contents
    assert published
    for payout, by_format in published.items():
        assert by_format.keys() == READERS.keys(), payout
        (expected,) = by_format["xml"].stated
        rows = by_format["xml"].rows
        for format_name, contents in by_format.items():
            mine = [row._replace(fee=0) for row in rows] if format_name in FEES_APART else rows
            assert agrees(contents, expected, mine), f"{payout} as {format_name}"


class FilesAsTold(NoProgress):
    """Looks how many files there are whenever it is told of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: list[int] = []

    def delivered(self, delivered: Delivered) -> None:
        self.counts.append(len([path for path in self._folder.rglob("*-*.*") if not path.name.startswith(".")]))


def test_each_file_is_told_of_before_the_next_is_begun(run: Run, tmp_path: Path) -> None:
    told = FilesAsTold(tmp_path)
    outlet = Outlet(LocalDestination(tmp_path), tuple(CHOICES["first"].values()))
    with Sandbox(scenario("webshop", until=date(2025, 4, 6), days=3)) as sandbox:
        outcome = run(sandbox, replace(bridge_settings(), outlets=(outlet,), parallel=1), progress=told)
    assert outcome.exit_code == 0
    assert told.counts == list(range(1, len(outcome.deliveries) + 1))
    assert len(told.counts) % len(formats.EXTENSIONS) == 0


def agrees(contents: Contents, expected: Stated, rows: list[Row]) -> bool:
    """Tell whether all that a format says is what the XML says."""
    (stated,) = contents.stated
    return contents.rows in ([], rows) and all(mine in (None, its) for mine, its in zip(stated, expected, strict=True))
