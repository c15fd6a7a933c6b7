"""`xml.zip`: the XML of SettlementReport 3.0, zipped, one member named as the file would be."""

import re
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.archive import Archive, readable
from settlement_bridge.formats.settlement_xml import SCHEMA_CHECK, SettlementXml
from settlement_bridge.model import Report

_ROW_BYTES = 1024
"""More than a row takes, unless its OrderID is unusually long."""


class SettlementZip:
    """The format with the extension `xml.zip`."""

    extension = "xml.zip"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`."""
        sections = list(report.sections)
        size = _ROW_BYTES * sum(settlement.totals.count for settlement, _ in sections)
        payout = sections[0][0].payout if sections else 0
        name = re.sub("[^A-Za-z0-9-]", "_", f"{report.merchant.msn}-{payout}") + ".xml"
        with Archive(stream) as archive, archive.member(name, size) as member:
            SettlementXml().write(replace(report, sections=sections), cast(BinaryIO, member))

    def check(self, path: Path) -> None:
        """Read the one member to its end and validate it; see `formats.Format.check`."""
        with readable(path) as archive:
            members = archive.namelist()
            if len(members) != 1:
                raise RenderingRefused(f"{path}: {len(members)} members where there must be one")
            with archive.open(members[0]) as member:
                SCHEMA_CHECK.in_one_go(member, path)
