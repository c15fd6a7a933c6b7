"""How the daemon behaves, apart from when it runs."""

from typing import Literal

from pydantic import Field

from settlement_bridge.config.section import Section
from settlement_bridge.config.values import Seconds


class Daemon(Section):
    """How the daemon behaves."""

    stop_timeout: Seconds = Field(
        default=60.0, description="Most seconds that the page or file in hand may take after SIGTERM."
    )
    log_format: Literal["logfmt", "json"] = Field(
        default="logfmt", description='How to log on stderr, a line for each event: "logfmt" or "json".'
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='What to log: "debug" (every request), "info", "warning" or "error".'
    )
