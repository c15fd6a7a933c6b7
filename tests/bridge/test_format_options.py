"""What a destination says of its formats reaches the files."""

from pathlib import Path

import pytest

from settlement_bridge import formats
from settlement_bridge.bridge.settings import bridge_settings
from settlement_bridge.config import Configuration
from settlement_bridge.formats.csv_sections import SectionsCsv
from settlement_bridge.formats.csv_table import TableCsv
from settlement_bridge.formats.settlement_xml import SettlementXml
from settlement_bridge.formats.settlement_xml_2 import SettlementXml2
from settlement_bridge.formats.settlement_zip import SettlementZip


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("csv", {}, SectionsCsv),
        ("csv", {"csv_layout": "sections"}, SectionsCsv),
        ("csv", {"csv_layout": "table"}, TableCsv),
        ("csv", {"xml_version": "2.0"}, SectionsCsv),
        ("xml", {}, SettlementXml),
        ("xml", {"xml_version": "3.0"}, SettlementXml),
        ("xml", {"xml_version": "2.0"}, SettlementXml2),
        ("xml.zip", {"xml_version": "2.0"}, SettlementZip),
    ],
)
def test_each_destination_chooses_for_itself(
    tmp_path: Path, name: str, options: dict[str, str], expected: type
) -> None:
    destinations = (
        {"kind": "local", "path": "/srv/chosen", "formats": (name,), **options},
        {"kind": "local", "path": "/srv/other", "formats": (name,)},
    )
    data = {
        "report_api": {"client_id": "id", "client_secret": "secret", "subscription_key": "key"},
        "store": {"url": "sqlite:///state.db"},
        "destinations": destinations,
    }
    outlets = bridge_settings(Configuration.from_data(data, tmp_path)).outlets
    default = type(formats.get(name))
    assert [type(outlet.formats[0]) for outlet in outlets] == [expected, default]
