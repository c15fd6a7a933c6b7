"""Where others come in: the SFTP server, and whoever asks how the daemon is."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

from settlement_bridge import config
from settlement_bridge.config import Configuration
from settlement_bridge.daemon.aftermath import Aftermath
from settlement_bridge.daemon.health import Health
from settlement_bridge.daemon.serving import Serving
from settlement_bridge.errors import ConfigurationError


class Doors:
    """What the daemon listens at; nothing before the first `change` is put in force."""

    def __init__(self, environ: Mapping[str, str], aftermath: Aftermath) -> None:
        self._environ = environ
        self._aftermath = aftermath
        self._health: Health | None = None
        self._serving: Serving | None = None

    def change(self, configuration: Configuration) -> Callable[[], None]:
        """Get ready to listen as a configuration says, and return what puts that in force.

        Raises ConfigurationError, StoreUnavailable and StoreBroken; then everything is as it was.
        """
        with ExitStack() as undo:
            reload, serving = self._serving_for(configuration)
            if serving and serving is not self._serving:
                undo.callback(serving.stop)
            health = self._health_for(configuration)
            undo.pop_all()
        return partial(self._put_in_force, health, serving, reload)

    def close(self) -> None:
        """Let nobody in any more."""
        if self._health:
            self._health.close()
        if self._serving:
            self._serving.stop()

    def _health_for(self, configuration: Configuration) -> Health | None:
        settings, before = configuration.health, self._health
        if before and settings == before.settings:
            return before
        if before and settings.enabled and settings.port == before.settings.port:
            return self._instead_of(before, settings)
        return self._listen(settings) if settings.enabled else None

    def _instead_of(self, before: Health, settings: config.Health) -> Health:
        """Listen at another address of the same port, which only one of both can have at a time."""
        before.close()
        try:
            return self._listen(settings)
        except ConfigurationError:
            self._health = self._listen(before.settings)
            raise

    def _listen(self, settings: config.Health) -> Health:
        after = self._aftermath
        return Health(settings, after.not_alive, after.not_ready, after.metrics.text)

    def _serving_for(self, configuration: Configuration) -> tuple[Callable[[], None] | None, Serving | None]:
        """Return what gives a server at work its new users, and the server to be."""
        if configuration.sftp_server is None:
            return None, None
        if self._serving is None:
            return None, Serving(configuration, self._environ)
        return partial(self._serving.reload, self._serving.users_for(configuration)), self._serving

    def _put_in_force(self, health: Health | None, serving: Serving | None, reload: Callable[[], None] | None) -> None:
        if self._health and self._health is not health:
            self._health.close()
        if self._serving and self._serving is not serving:
            self._serving.stop()
        if reload:
            reload()
        self._aftermath.metrics.count_logins(serving.logins if serving else None)
        self._health, self._serving = health, serving
