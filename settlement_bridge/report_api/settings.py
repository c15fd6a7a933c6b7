"""What a person may set about the Report API."""

from dataclasses import dataclass, field
from typing import Literal

from settlement_bridge import __version__

Dialect = Literal["auto", "v1", "v2"]
Keys = Literal["merchant", "accounting"]

LONGEST_HEADER = 30
"""The API takes at most this many characters in a `Vipps-System-*` header."""


@dataclass(frozen=True)
class ApiSettings:
    """Where the Report API is, who asks, and how patiently. Times are in seconds."""

    base_url: str
    dialect: Dialect
    keys: Keys
    client_id: str
    client_secret: str = field(repr=False)
    subscription_key: str | None = field(default=None, repr=False)
    """Merchant keys only."""
    merchant_serial_number: str | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    """Longest silence while an answer is read."""
    attempts: int = 5
    """How often one request is tried before the ledger waits for the next run."""
    longest_wait: float = 60.0
    """Cap of one wait between two attempts, whatever `Retry-After` says."""
    personal_data: bool = False
    """Whether to ask for names and messages of payers."""
    system_name: str = "settlement-bridge"
    system_version: str = __version__
    plugin_name: str = "settlement-bridge"
    plugin_version: str = __version__

    def system_headers(self) -> dict[str, str]:
        """Return the headers wanted on every call: who asks, in which version."""
        return {
            "User-Agent": f"settlement-bridge/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Vipps-System-Name": self.system_name[:LONGEST_HEADER],
            "Vipps-System-Version": self.system_version[:LONGEST_HEADER],
            "Vipps-System-Plugin-Name": self.plugin_name[:LONGEST_HEADER],
            "Vipps-System-Plugin-Version": self.plugin_version[:LONGEST_HEADER],
        }
