"""The bridge, opened from the configuration for as long as a command needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settlement_bridge import config
from settlement_bridge.bridge import Bridge, tune_interpreter
from settlement_bridge.cli.signals import stopping


@contextmanager
def opened(path: Path | None) -> Iterator[Bridge]:
    """Open the bridge of a configuration file (None: of the usual places); Ctrl-C and SIGTERM end it in order.

    Raises ConfigurationError, StoreUnavailable and StoreBroken.
    """
    configuration = config.load(path, os.environ)
    with stopping() as stop, Bridge(configuration, stop=stop) as bridge:
        tune_interpreter()
        yield bridge
