"""Finland: YTJ, the business information system, as the open data of PRH (version 3) describes it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from settlement_bridge.errors import RegisterUnavailable
from settlement_bridge.model import Organization
from settlement_bridge.registers.countries import three_letters
from settlement_bridge.registers.http import Site
from settlement_bridge.registers.text import joined, text

_NUMBER = re.compile("([0-9]{7})-?([0-9])")
_OWN_NUMBER = "0244683-1"
_COMPANY_NAME = "1"
_STREET_ADDRESS = "1"
_FINNISH = "1"


class Ytj:
    """The register at `base_url`, which ends in `/opendata-ytj-api/v3`; `timeout` in seconds, for each question."""

    name = "YTJ"
    country = "FI"

    def __init__(self, base_url: str, timeout: float) -> None:
        self._site = Site(self.name, base_url, timeout)

    def holds(self, number: str) -> bool:
        """See Register. The hyphen of a Y-tunnus is sometimes left out."""
        return _NUMBER.fullmatch(number) is not None

    def look_up(self, number: str) -> Organization | None:
        """See Register."""
        number = _NUMBER.sub(r"\1-\2", number)
        answer = self._site.ask("companies", businessId=number)
        companies = answer.document.get("companies")
        if answer.status != 200 or companies == []:
            return None
        found = next((one for one in _objects(companies) if _own_number(one) == number), None)
        name = _name(found or {})
        if found is None or not name:
            raise RegisterUnavailable(f"{self.name} answered with something else than company {number}")
        return _organization(name, _address(found))

    def check(self) -> None:
        """See Register."""
        self.look_up(_OWN_NUMBER)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _own_number(company: Mapping[str, Any]) -> str:
    number = company.get("businessId")
    return text(number.get("value")) if isinstance(number, dict) else ""


def _name(company: Mapping[str, Any]) -> str:
    """Return the company's own name in use: others are auxiliary or parallel ones, or past."""
    names = (one for one in _objects(company.get("names")) if text(one.get("type")) == _COMPANY_NAME)
    return next((text(one.get("name")) for one in names if not one.get("endDate")), "")


def _address(company: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where the company is, else where its post goes."""
    addresses = sorted(_objects(company.get("addresses")), key=lambda one: text(one.get("type")) != _STREET_ADDRESS)
    return next(iter(addresses), {})


def _organization(name: str, address: Mapping[str, Any]) -> Organization:
    return Organization(
        name=name,
        address=_line(address),
        zip_code=text(address.get("postCode")),
        city=_city(_objects(address.get("postOffices"))),
        country_code=three_letters(text(address.get("country")) or "FI") if address else "",
    )


def _line(address: Mapping[str, Any]) -> str:
    """Return an address as it is written on a letter: `Hyljetie 18 A 4`, or `PL 226`."""
    flat = f"{text(address.get('apartmentNumber'))}{text(address.get('apartmentIdSuffix'))}"
    street = joined([address.get("street"), address.get("buildingNumber"), address.get("entrance"), flat], " ")
    box = text(address.get("postOfficeBox"))
    free = text(address.get("freeAddressLine")).replace("_", " ")
    return street or (f"PL {box}" if box.isdecimal() else box) or free


def _city(post_offices: Iterable[Mapping[str, Any]]) -> str:
    finnish_first = sorted(post_offices, key=lambda one: text(one.get("languageCode")) != _FINNISH)
    return text(finnish_first[0].get("city")) if finnish_first else ""
