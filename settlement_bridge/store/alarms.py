"""What somebody has been told of, so that nobody is told twice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import alarms


@dataclass(frozen=True)
class Alarm:
    """Something that somebody has to look at."""

    name: str
    """What it is about; there is at most one of a name."""
    sentence: str
    since: datetime
    told: bool = False
    """Whether somebody has been told."""


class Alarms:
    """The alarms that are on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Alarm]:
        """Return every alarm, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(alarms).order_by(alarms.c.since, alarms.c.name))
            return [Alarm(name, sentence, from_micros(since), told) for name, sentence, since, told in rows]

    def change(self, kept: Collection[Alarm], gone: Collection[Alarm]) -> None:
        """Keep alarms as they are now, and forget others; all of it or nothing."""
        if not kept and not gone:
            return
        with self._database.writing() as connection:
            for alarm in gone:
                connection.execute(delete(alarms).where(alarms.c.name == alarm.name))
            for alarm in kept:
                values = {**vars(alarm), "since": to_micros(alarm.since)}
                self._database.upsert(connection, alarms, values)
