"""How both versions of the XML are laid out: unqualified inside a root that declares the default namespace.

No prefix ever shows; two spaces a level and `<OrderID/>` for an empty text are as in the published samples.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from lxml import etree

from settlement_bridge.formats.text import xml_text
from settlement_bridge.model import Issuer, Merchant

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def opening(namespace: str) -> bytes:
    """Return how every document of a namespace starts, to the end of the root tag."""
    return _DECLARATION + f'<SettlementReport xmlns="{namespace}">'.encode()


class Layout:
    """Writes blocks and leaves into an `xmlfile`, each on a line of its own, two spaces deeper than its parent."""

    def __init__(self, xml: Any) -> None:
        self.write = xml.write
        self.line = "\n  "
        self._element = xml.element

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """Write an element around what is written inside the `with`."""
        outside = self.line
        self.write(outside)
        with self._element(name):
            self.line = outside + "  "
            yield
            self.line = outside
            self.write(outside)

    def leaves(self, leaves: Iterable[tuple[str, str]]) -> None:
        """Write elements that hold nothing but text, given as name and text."""
        for name, text in leaves:
            leaf = etree.Element(name)
            leaf.text = xml_text(text) or None
            self.write(self.line, leaf)


@contextmanager
def document(stream: BinaryIO, namespace: str) -> Iterator[Layout]:
    """Write a `SettlementReport` to `stream` around what is written inside the `with`."""
    stream.write(_DECLARATION)
    root = etree.QName(namespace, "SettlementReport")
    with etree.xmlfile(stream, encoding="utf-8") as xml, xml.element(root, nsmap={None: namespace}):
        yield Layout(xml)
        xml.write("\n")
    stream.write(b"\n")


def merchant_leaves(merchant: Merchant) -> dict[str, str]:
    """Return who is paid, as the first elements of `SettlementDetailsInfo`."""
    return {
        "SaleUnitName": merchant.sales_unit_name,
        "SerialNumber": merchant.msn,
        "OrganizationName": merchant.organization_name,
        "OrganizationNumber": merchant.organization_number,
        "MainAddress": merchant.address,
        "MainAddressZipCode": merchant.zip_code,
        "MainAddressCity": merchant.city,
        "MainAddressCountryCode": merchant.country_code,
    }


def issuer_leaves(issuer: Issuer) -> dict[str, str]:
    """Return whom the file comes from, as the elements of `VippsInfo`."""
    return {
        "Name": issuer.name,
        "WebSite": issuer.web_site,
        "VisitingAddress": issuer.visiting_address,
        "PostBox": issuer.post_box,
        "PostAddress": issuer.post_address,
        "Country": issuer.country,
    }
