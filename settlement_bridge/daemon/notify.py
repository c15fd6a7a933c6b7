"""Messages to people, by whatever ways Apprise knows."""

import logging
from collections.abc import Sequence

from pydantic import SecretStr

from settlement_bridge.daemon import logs
from settlement_bridge.errors import ConfigurationError

MOST_LINES = 20


class Notifier:
    """Sends messages to addresses."""

    def __init__(self, urls: SecretStr | None) -> None:
        """Raises ConfigurationError for what is no address to Apprise."""
        self._addresses = urls.get_secret_value().split() if urls else []
        if not self._addresses:
            return
        from apprise import Apprise  # noqa: PLC0415 (takes long to load, and few need it)

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # addresses hold passwords
        self._apprise = Apprise()
        wrong = [number for number, url in enumerate(self._addresses, start=1) if not self._apprise.add(url)]
        if wrong:
            named = ", ".join(map(str, wrong))
            raise ConfigurationError(
                [f"notify.urls: address {named} of {len(self._addresses)} is none that Apprise knows; correct it"]
            )

    def send(self, title: str, lines: Sequence[str]) -> bool:
        """Send a message and tell whether everybody has got it; with no addresses there is nobody to wait for."""
        if not self._addresses:
            return True
        shown = [*lines[:MOST_LINES]]
        if len(lines) > MOST_LINES:
            shown.append(f"… and {len(lines) - MOST_LINES:,} more: settlement-bridge status")
        sent = bool(self._apprise.notify(title=title, body="\n".join(shown)))
        if sent:
            logs.event("notified", title=title)
        else:
            logs.trouble("notify_failed", title=title, reason="not everybody could be told; the next run tries again")
        return sent
