"""Norway's and Finland's registers of organizations, as far as the sandbox's organizations are in them.

An organization that owns a ledger is an entity; one that only has a sales unit on another's ledger is a subentity,
which Enhetsregisteret lists apart and describes a little differently.
"""

import re
from collections.abc import Mapping
from typing import Any

from settlement_bridge.sandbox.answers import Answer, Refusal, Request, json_answer
from settlement_bridge.sandbox.world import World

_NORWEGIAN = re.compile("[0-9]{9}")
_FINNISH = re.compile("[0-9]{7}-[0-9]")
_TWO_LETTERS = {"NOR": "NO", "SWE": "SE", "DNK": "DK", "FIN": "FI"}


def register_addresses(url: str) -> dict[str, str]:
    """Return where the registers of a sandbox are: the keys of `[registers]` in a configuration."""
    return {"norway": f"{url}/enhetsregisteret/api", "finland": f"{url}/opendata-ytj-api/v3"}


class RegisterDesk:
    """Answers for both registers, from a world's organizations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: frozenset[str] | None = None

    def entity(self, kind: str, number: str) -> Answer:
        """Answer `GET /enhetsregisteret/api/enheter/{number}`, or the same of underenheter."""
        details = self._organization(number, _NORWEGIAN)
        if (kind == "enheter") != (number in self._owner_numbers()):
            raise Refusal(Answer(404, b""))
        address = "forretningsadresse" if kind == "enheter" else "beliggenhetsadresse"
        members = {"organisasjonsnummer": number, "navn": details.get("name", "")}
        return json_answer(200, members | {address: _norwegian_address(details)})

    def companies(self, request: Request) -> Answer:
        """Answer `GET /opendata-ytj-api/v3/companies?businessId=…`."""
        number = request.query.get("businessId", "")
        try:
            found = [_company(number, self._organization(number, _FINNISH))]
        except Refusal:
            found = []
        return json_answer(200, {"totalResults": len(found), "companies": found})

    def _organization(self, number: str, form: re.Pattern[str]) -> Mapping[str, str]:
        details = self._world.organizations.get(number)
        if details is None or not form.fullmatch(number):
            raise Refusal(Answer(404, b""))
        return details

    def _owner_numbers(self) -> frozenset[str]:
        if self._owners is None:
            ledgers = map(self._world.ledger, range(len(self._world)))
            self._owners = frozenset(ledger.description["owner"]["id"] for ledger in ledgers)
        return self._owners


def _norwegian_address(details: Mapping[str, str]) -> dict[str, Any]:
    members = {
        "adresse": [details["address"]] if details.get("address") else [],
        "postnummer": details.get("zip_code"),
        "poststed": details.get("city"),
        "landkode": _TWO_LETTERS.get(details.get("country_code", "")),
    }
    return {name: value for name, value in members.items() if value}


def _company(number: str, details: Mapping[str, str]) -> dict[str, Any]:
    street, _, building = details.get("address", "").rpartition(" ")
    offices = [{"city": details.get("city", ""), "languageCode": language} for language in ("2", "1")]
    address = {"type": 1, "street": street, "buildingNumber": building, "postCode": details.get("zip_code", "")}
    return {
        "businessId": {"value": number, "registrationDate": "2009-08-27"},
        "names": [{"name": details.get("name", ""), "type": "1", "registrationDate": "2009-09-14"}],
        "addresses": [address | {"postOffices": offices}],
    }
