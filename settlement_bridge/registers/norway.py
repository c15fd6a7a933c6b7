"""Norway: Enhetsregisteret, the register of legal entities, as its open API describes them."""

import re
from collections.abc import Mapping
from typing import Any

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Organization
from settlement_bridge.registers.countries import three_letters
from settlement_bridge.registers.http import Site
from settlement_bridge.registers.text import joined, text

_NUMBER = re.compile("[0-9]{9}")
_OWN_NUMBER = "974760673"
_KINDS = ("enheter", "underenheter")
_ADDRESSES = ("forretningsadresse", "beliggenhetsadresse", "postadresse")
"""Where an entity does business, where a subentity is, where its post goes: the first that says anything."""


class Enhetsregisteret:
    """The register at `base_url`, which ends in `/enhetsregisteret/api`; `timeout` in seconds, for each question."""

    name = "Enhetsregisteret"
    country = "NO"

    def __init__(self, base_url: str, timeout: float) -> None:
        self._site = Site(self.name, base_url, timeout)

    def holds(self, number: str) -> bool:
        """See Register."""
        return _NUMBER.fullmatch(number) is not None

    def look_up(self, number: str) -> Organization | None:
        """See Register. What is no entity may be a subentity, which has a list of its own."""
        for kind in _KINDS:
            answer = self._site.ask(f"{kind}/{number}")
            if answer.status == 200:
                return self._organization(number, answer.document)
        return None

    def check(self) -> None:
        """See Register."""
        self.look_up(_OWN_NUMBER)

    def _organization(self, number: str, record: Mapping[str, Any]) -> Organization:
        if record.get("organisasjonsnummer") != number or not text(record.get("navn")):
            raise RegisterUnavailable(f"{self.name} answered with something else than organization {number}")
        addresses = (record.get(name) for name in _ADDRESSES)
        address = next((one for one in addresses if isinstance(one, dict) and _says_anything(one)), {})
        return Organization(
            name=text(record["navn"]),
            address=joined(_lines(address), ", "),
            zip_code=text(address.get("postnummer")),
            city=text(address.get("poststed")),
            country_code=three_letters(text(address.get("landkode"))),
        )


def _lines(address: Mapping[str, Any]) -> list[object]:
    lines = address.get("adresse")
    return lines if isinstance(lines, list) else []


def _says_anything(address: Mapping[str, Any]) -> bool:
    return bool(joined([*_lines(address), address.get("postnummer"), address.get("poststed")], ""))
