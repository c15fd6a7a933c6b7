"""Whether a run could do its work now, and what to do where it could not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from settlement_bridge.bridge.serving import check_server
from settlement_bridge.bridge.settings import BridgeSettings
from settlement_bridge.config import Configuration
from settlement_bridge.errors import EXIT_DONE, EXIT_TRY_LATER, BridgeError
from settlement_bridge.report_api import ReportApi
from settlement_bridge.store import Store

_PUBLISHABLE = "files can be published there"
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    sentence: str
    exit_code: int = EXIT_DONE


def check(store: Store, api: ReportApi, settings: BridgeSettings, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Yield a finding for the keys, the clock, the database, every register and destination; changes nothing."""
    yield _tried("Report API and keys", lambda: f"ledgers that can be read: {len(api.ledgers())}")
    yield _clock(api, clock)
    yield _tried("database", lambda: _whole(store))
    for register in settings.registers.all:
        yield _tried(f"register {register.name}", _said(register.check, "answers"))
    for outlet in settings.outlets:
        yield _tried(f"destination {outlet.destination.name}", _said(outlet.destination.check, _PUBLISHABLE))
    if not settings.outlets:
        yield Finding("destinations", ok=True, sentence="none is configured: nothing will be published")


def check_serving(configuration: Configuration) -> Iterator[Finding]:
    """Yield a finding for the SFTP server, if there is one; changes nothing."""
    if configuration.sftp_server is not None:
        yield _tried("SFTP server", lambda: check_server(configuration))


def _tried(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, ok=True, sentence=attempt())
    except BridgeError as error:
        return Finding(what, ok=False, sentence=str(error), exit_code=error.exit_code)


def _whole(store: Store) -> str:
    store.must_be_here()
    store.database.verify()
    return f"{store.address} is whole, ledgers in it: {len(store.ledgers.all())}"


def _said(attempt: Callable[[], None], sentence: str) -> Callable[[], str]:
    def said() -> str:
        attempt()
        return sentence

    return said


def _clock(api: ReportApi, clock: Callable[[], datetime]) -> Finding:
    server = api.server_time()
    if server is None:
        return Finding("clock", ok=True, sentence="cannot be compared before the Report API has answered")
    ahead = clock() - server
    if abs(ahead) <= CLOCK_TOLERANCE:
        return Finding("clock", ok=True, sentence="agrees with the Report API")
    direction = "ahead of" if ahead > timedelta() else "behind"
    apart = timedelta(seconds=round(abs(ahead).total_seconds()))
    return Finding(
        "clock",
        ok=False,
        sentence=f"this machine is {apart} {direction} the Report API: set its clock (files take their dates from "
        "the API alone, but waiting for fees and token renewal go by the clock)",
        exit_code=EXIT_TRY_LATER,
    )
