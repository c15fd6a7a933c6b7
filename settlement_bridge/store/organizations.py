"""What public registers said of organizations, and when they were asked (rule 14)."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select

from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.model import Identifier, Organization
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import organizations

_ORGANIZATION = TypeAdapter(Organization)


@dataclass(frozen=True)
class RegisteredOrganization:
    """A register's answer; no organization where the register knew none of that number."""

    organization: Organization | None
    asked_at: datetime


class Organizations:
    """The last answer on each organization that was asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, identifier: Identifier) -> RegisteredOrganization | None:
        """Return the answer that is held, however old; None where none is."""
        query = select(organizations.c.details, organizations.c.asked_at).where(
            organizations.c.scheme == identifier.scheme, organizations.c.number == identifier.id
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        found = None if row.details is None else _ORGANIZATION.validate_json(row.details)
        return RegisteredOrganization(found, from_micros(row.asked_at))

    def keep(self, identifier: Identifier, answer: RegisteredOrganization) -> None:
        """Keep an answer in place of the one held."""
        found = answer.organization
        values = {
            "scheme": identifier.scheme,
            "number": identifier.id,
            "details": None if found is None else _ORGANIZATION.dump_json(found).decode(),
            "asked_at": to_micros(answer.asked_at),
        }
        with self._database.writing() as connection:
            self._database.upsert(connection, organizations, values)
