"""When the bridge ran, and with what outcome."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from settlement_bridge.instants import from_micros, to_micros
from settlement_bridge.store.database import Database
from settlement_bridge.store.tables import runs

_START = insert(runs).returning(runs.c.run_id)
_CHANGE = update(runs).where(runs.c.run_id == bindparam("wanted"))


@dataclass(frozen=True)
class Run:
    """One run; without an end while it is under way, or where it was killed."""

    run_id: int
    started: datetime
    finished: datetime | None
    exit_code: int | None
    summary: Mapping[str, Any] | None


class Runs:
    """The record of all runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, now: datetime) -> int:
        """Note that a run begins and return its id."""
        with self._database.writing() as connection:
            return int(connection.execute(_START, {"started": to_micros(now)}).scalar_one())

    def finish(self, run_id: int, exit_code: int, summary: Mapping[str, Any], now: datetime) -> None:
        """Note how a run ended; the summary is anything JSON can say."""
        values = {"finished": to_micros(now), "exit_code": exit_code, "summary": json.dumps(summary, sort_keys=True)}
        with self._database.writing() as connection:
            connection.execute(_CHANGE, {"wanted": run_id, **values})

    def last(self) -> Run | None:
        """Return the run begun last; None before the first one."""
        with self._database.reading() as connection:
            row = connection.execute(select(runs).order_by(runs.c.run_id.desc()).limit(1)).one_or_none()
        if row is None:
            return None
        run_id, started, finished, exit_code, summary = row
        return Run(
            run_id,
            from_micros(started),
            None if finished is None else from_micros(finished),
            exit_code,
            None if summary is None else json.loads(summary),
        )

    def last_success(self) -> datetime | None:
        """Return when the last run ended that had the exit code 0; None where none had."""
        done = select(runs.c.finished).where(runs.c.exit_code == 0).order_by(runs.c.run_id.desc()).limit(1)
        with self._database.reading() as connection:
            finished = connection.execute(done).scalar_one_or_none()
        return None if finished is None else from_micros(finished)
