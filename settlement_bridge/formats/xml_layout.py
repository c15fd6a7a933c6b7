"""How the XML formats are laid out: unqualified inside a root that declares the default namespace.

No prefix ever shows; two spaces a level and `<OrderID/>` for an empty text are as in the published samples.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from lxml import etree

from settlement_bridge.formats.text import xml_text
from settlement_bridge.model import Issuer, Merchant

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def opening(namespace: str, root: str = "SettlementReport") -> bytes:
    """Return how every document of a namespace starts, to the end of the root tag."""
    return _DECLARATION + f'<{root} xmlns="{namespace}">'.encode()


def element(path: str, *content: str | etree._Element, **attributes: str) -> etree._Element:
    """Return an element, or a chain of them such as `Dt/Dt`, the innermost of which holds a text or other elements.

    Texts are ones that XML can carry.
    """
    *outer, name = path.split("/")
    made = etree.Element(name, attributes)
    for one in content:
        if isinstance(one, str):
            made.text = one
        else:
            made.append(one)
    for name in reversed(outer):
        inner, made = made, etree.Element(name)
        made.append(inner)
    return made


class Layout:
    """Writes blocks and leaves into an `xmlfile`, each on a line of its own, two spaces deeper than its parent."""

    def __init__(self, xml: Any, target: "_Target") -> None:
        self.write = xml.write
        self.line = "\n  "
        self._element = xml.element
        self._flush = xml.flush
        self._target = target

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

    @property
    def level(self) -> int:
        """How many elements are open."""
        return len(self.line) // 2

    def markup(self, text: str) -> None:
        """Write finished markup as it is; for rows by the million, which take half the time as text."""
        self._flush()
        self._target.write(text.encode())

    def tree(self, element: etree._Element) -> None:
        """Write an element with all that is in it, whose texts XML can carry."""
        etree.indent(element, level=self.level)
        self.write(self.line, element)

    def leaves(self, leaves: Iterable[tuple[str, str]]) -> None:
        """Write elements that hold nothing but text, given as name and text."""
        for name, text in leaves:
            leaf = etree.Element(name)
            leaf.text = xml_text(text) or None
            self.write(self.line, leaf)


@contextmanager
def document(stream: BinaryIO, namespace: str, root: str = "SettlementReport") -> Iterator[Layout]:
    """Write a document to `stream` around what is written inside the `with`."""
    stream.write(_DECLARATION)
    name = etree.QName(namespace, root)
    target = _Target(stream)
    with etree.xmlfile(target, encoding="utf-8") as xml, xml.element(name, nsmap={None: namespace}):
        yield Layout(xml, target)
        xml.write("\n")
    if target.failure:
        raise target.failure
    stream.write(b"\n")


class _Target:
    """Where lxml writes to; keeps what went wrong there.

    With libxml2 2.14, lxml passes over a failure of its last write.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except Exception as error:
            self.failure = error
            raise


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
