"""What the database drivers say, turned into the project's own errors: here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, ExceptionContext

from settlement_bridge.errors import BridgeError, StoreBroken, StoreUnavailable, TooLarge

_WAIT = "nothing was written; the next run tries again"
RESTORE = "restore it from a backup, or move it away and sync again: the Report API still has every entry"

# By primary result code, https://www.sqlite.org/rescode.html
_SQLITE: dict[int, tuple[type[BridgeError], str]] = {
    3: (StoreUnavailable, "permission was denied; give this user read and write access to the file and its folder"),
    5: (StoreUnavailable, f"another process has locked it for too long; {_WAIT}"),
    6: (StoreUnavailable, f"another connection has locked it for too long; {_WAIT}"),
    8: (StoreUnavailable, "it is read-only; give this user write access to the file and its folder"),
    10: (StoreUnavailable, f"the disk failed to read or write; look at the system's log. {_WAIT.capitalize()}"),
    11: (StoreBroken, f"the file is damaged; {RESTORE}"),
    13: (StoreUnavailable, f"the disk is full; make room. {_WAIT.capitalize()}"),
    14: (StoreUnavailable, "the file cannot be opened; make sure that its folder exists and this user may write there"),
    26: (StoreBroken, "the file is not a database; set [store] url to another file, or move this one away"),
}

# By SQLSTATE or its class, https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest match counts.
_POSTGRESQL: dict[str, tuple[type[BridgeError], str]] = {
    "": (StoreUnavailable, "the server cannot be reached; make sure that it runs and that the address is right"),
    "08": (StoreUnavailable, f"the connection broke; {_WAIT}"),
    "25006": (StoreUnavailable, "the server is read-only (a standby?); set [store] url to the primary"),
    "28": (StoreUnavailable, "the server refused the login; set the right user and password in [store] url"),
    "3D": (StoreUnavailable, "there is no such database; create it, or set another one in [store] url"),
    "40": (StoreUnavailable, f"another process was in the way; {_WAIT}"),
    "42501": (StoreUnavailable, "permission was denied; let the user of [store] url own the database"),
    "53": (StoreUnavailable, f"the server has run out of space or memory; make room. {_WAIT.capitalize()}"),
    "54": (StoreUnavailable, f"a text is longer than the server can index; {_WAIT}"),
    "55P03": (StoreUnavailable, f"another process has locked it for too long; {_WAIT}"),
    "57": (StoreUnavailable, f"the server ended the connection; {_WAIT}"),
    "58": (StoreUnavailable, f"the server failed to read or write its disk; look at its log. {_WAIT.capitalize()}"),
    "XX": (StoreBroken, f"the server found its data damaged; {RESTORE}"),
}


def address(url: URL) -> str:
    """Return the address of a database as a person may see it: without its password."""
    return url.set(drivername=url.get_backend_name(), query={}).render_as_string(hide_password=True)


def translate_errors(engine: Engine) -> None:
    """Let every call of the engine raise StoreUnavailable or StoreBroken for what a disk or a server can do.

    TooLarge is raised for numbers that fit no column.

    What only a mistake in this program can cause keeps its own class.
    """

    @event.listens_for(engine, "handle_error")
    def translate(context: ExceptionContext) -> None:
        _raise_translated(engine, context.original_exception)


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Do the same for calls that go to the driver directly."""
    try:
        yield
    except Exception as error:
        _raise_translated(engine, error)
        raise


def _raise_translated(engine: Engine, exception: BaseException) -> None:
    if _is_too_large(exception):
        raise TooLarge("an amount, or a sum of some, does not fit into 64 bits") from exception
    problem = _meaning(exception)
    if problem is not None:
        error, sentence = problem
        said = " ".join(str(exception).split())
        raise error(f"the database {address(engine.url)} cannot be used: {sentence} ({said})") from exception


def _is_too_large(exception: BaseException) -> bool:
    # Of a value, SQLite's driver says so itself; of a sum, SQLite does, with the code of any mistake.
    said_so = isinstance(exception, OverflowError) or str(exception) == "integer overflow"
    return said_so or getattr(exception, "sqlstate", None) == "22003"


def _meaning(exception: BaseException) -> tuple[type[BridgeError], str] | None:
    code = getattr(exception, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF)
    if not hasattr(exception, "sqlstate"):
        return None
    if exception.sqlstate is None:  # refused, unresolved, timed out or cut: the server said nothing
        return _POSTGRESQL[""] if type(exception).__name__ in _CONNECTION_LOST else None
    state: str = exception.sqlstate
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])


_CONNECTION_LOST = ("OperationalError", "ConnectionTimeout")
