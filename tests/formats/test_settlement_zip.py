import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from tests.formats.remake import GOLDEN, golden_report, rendered_as
from tests.formats.reports import MERCHANT, rendered, report, row

ZIP = formats.get("xml.zip")


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_one_member_is_the_xml_and_has_its_name() -> None:
    with zipfile.ZipFile(io.BytesIO(rendered_as(ZIP, golden_report()))) as archive:
        (member,) = archive.infolist()
        assert member.filename == "654321-2000001.xml"
        assert member.date_time == (1980, 1, 1, 0, 0, 0)
        assert archive.read(member) == (GOLDEN / "654321-2000001.xml").read_bytes()


def test_no_name_leads_out_of_the_folder_it_is_unpacked_in() -> None:
    merchant = replace(MERCHANT, msn="../../x")
    with zipfile.ZipFile(io.BytesIO(rendered_as(ZIP, report([row()], merchant=merchant)))) as archive:
        assert archive.namelist() == ["______x-2000001.xml"]


def test_a_second_member_is_refused(tmp_path: Path) -> None:
    xml = rendered(golden_report())
    with pytest.raises(RenderingRefused, match="2 members where there must be one"):
        ZIP.check(zipped(tmp_path / "a.xml.zip", one=xml, two=xml))


def test_a_member_that_is_not_valid_is_refused(tmp_path: Path) -> None:
    xml = rendered(golden_report()).replace(b"<SettlementID>2000001", b"<SettlementID>x")
    with pytest.raises(RenderingRefused, match=r"a\.xml\.zip.*SettlementID"):
        ZIP.check(zipped(tmp_path / "a.xml.zip", one=xml))


def test_a_damaged_byte_is_found(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xml.zip", one=rendered(golden_report()))
    path.write_bytes(path.read_bytes().replace(b">1001<", b">1002<"))
    with pytest.raises(RenderingRefused, match="Bad CRC-32"):
        ZIP.check(path)
