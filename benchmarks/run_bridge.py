"""A sync of the bridge in a process of its own, as the daemon would do it: opened before, then timed."""

import sys
from pathlib import Path

from benchmarks.report import WARM_UP, report
from settlement_bridge.bridge import Bridge, tune_interpreter
from settlement_bridge.config import Configuration


def configuration(arguments: list[str]) -> Configuration:
    """Return the configuration for a sandbox's address and keys and a folder for everything."""
    url, client_id, client_secret, subscription_key, folder = arguments
    data = {
        "report_api": {
            "base_url": url,
            "client_id": client_id,
            "client_secret": client_secret,
            "subscription_key": subscription_key,
        },
        "store": {"url": f"sqlite:///{folder}/state.db"},
        "destinations": ({"kind": "local", "path": folder},),
    }
    return Configuration.from_data(data, Path(folder))


if __name__ == "__main__":
    with Bridge(configuration(sys.argv[1:])) as bridge:
        tune_interpreter()
        if any(ledger.ledger_id == WARM_UP for ledger in bridge.ledgers()):
            bridge.sync(frozenset([WARM_UP]))
        report(bridge.sync)
