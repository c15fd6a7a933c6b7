"""How the daemon behaves, apart from when it runs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from settlement_bridge.config.section import Section
from settlement_bridge.config.values import HostName, LocalPath, Seconds, between, expected

Hours = Annotated[float, AfterValidator(between(0.0, 24.0 * 365, "a number of hours"))]


def _addresses(value: SecretStr) -> SecretStr:
    if value.get_secret_value().split():
        return value
    raise expected("one or more addresses with spaces between them")


class Daemon(Section):
    """How the daemon behaves."""

    stop_timeout: Seconds = Field(
        default=60.0, description="Most seconds that the page, payout or file in hand may take after SIGTERM."
    )
    log_format: Literal["logfmt", "json"] = Field(
        default="logfmt", description='How to log on stderr, a line for each event: "logfmt" or "json".'
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='What to log: "debug" (every request), "info", "warning" or "error".'
    )


class Health(Section):
    """Where the daemon can be asked how it is."""

    enabled: bool = Field(default=True, description="Whether to answer at all.")
    address: HostName = Field(
        default="127.0.0.1",
        description="Address to listen at. Nothing asks for a password there: leave it on this machine, or guard it.",
    )
    port: Annotated[int, AfterValidator(between(0, 65535, "a port"))] = Field(
        default=9470, description="Port to listen at; 0 takes any that is free, and the log says which."
    )


class Alarms(Section):
    """What is allowed to last for a while."""

    unreachable_hours: Hours = Field(
        default=6.0,
        description="How long the Report API, a ledger, a destination or the database may be out of reach.",
    )
    waiting_hours: Hours = Field(default=48.0, description="How long a payout may wait for its fees.")


class Notify(Section):
    """Who is told."""

    urls: Annotated[SecretStr, AfterValidator(_addresses)] | None = Field(
        default=None,
        description="Addresses as Apprise knows them (mail, chat, SMS; https://appriseit.com/services), with spaces "
        "between them. Nobody is told where left out.",
        examples=["mailtos://user:password@mail.example.com?to=accounting@example.com"],
    )
    urls_file: LocalPath | None = Field(
        default=None, description="File that holds the addresses, instead of urls.", examples=["notify_urls"]
    )
