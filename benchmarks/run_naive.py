"""The naive script in a process of its own."""

import sys
from pathlib import Path
from types import SimpleNamespace

from benchmarks.naive import NaiveScript
from benchmarks.report import BIG, WARM_UP, report

if __name__ == "__main__":
    url, client_id, client_secret, subscription_key, folder = sys.argv[1:]
    keys = SimpleNamespace(client_id=client_id, client_secret=client_secret, subscription_key=subscription_key)
    script = NaiveScript(url, keys, Path(folder))
    script.run(WARM_UP)
    report(lambda: script.run(BIG))
