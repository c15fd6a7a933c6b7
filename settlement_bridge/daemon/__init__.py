"""The bridge as a service: a schedule, signals, the service manager's watchdog, logs."""

from settlement_bridge.daemon.daemon import Daemon

__all__ = ["Daemon"]
