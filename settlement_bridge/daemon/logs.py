"""What the daemon says on stderr: one line an event, with the same name for the same thing for ever."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

_log = logging.getLogger("settlement_bridge.daemon")

OTHER = "message"
"""The event of what a library, or a room of this program, says in its own words."""


class _Current:
    run_id: int | None = None


def of_run(run_id: int | None) -> None:
    """Let every line from here on, whichever thread it is from, carry the number of the run under way."""
    _Current.run_id = run_id


def event(name: str, level: int = logging.INFO, **fields: object) -> None:
    """Log an event by its name, with what is to be said of it; fields that are None are left out."""
    _log.log(level, name, extra={"fields": fields})


def trouble(name: str, **fields: object) -> None:
    """Log an event that somebody may have to look at."""
    event(name, logging.WARNING, **fields)


class Lines(logging.Formatter):
    """Makes a line of a record: logfmt, or JSON. Never in colour, never more than one line."""

    def __init__(self, form: Literal["logfmt", "json"]) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = {name: value for name, value in self._fields(record).items() if value is not None}
        if self._form == "json":
            return json.dumps(fields, default=str)
        return " ".join(f"{name}={_logfmt(value)}" for name, value in fields.items())

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: dict[str, Any] = {"time": time, "level": record.levelname.lower()}
        own = getattr(record, "fields", None)
        fields["event"] = OTHER if own is None else record.msg
        fields["run"] = _Current.run_id
        if own is None:
            fields |= {"logger": record.name, "message": record.getMessage()}
        else:
            fields |= own
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return fields


def _logfmt(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text.isprintable() and not set(text) & set(' ="\\') and text:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def log_to_stderr(form: Literal["logfmt", "json"], level: str) -> None:
    """Send what this process logs from here on to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("settlement_bridge").setLevel(level.upper())
