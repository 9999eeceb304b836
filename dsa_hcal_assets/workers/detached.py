"""A run without a host: ``python -m dsa_hcal_assets.workers.detached`` does what a host's job does.

It reads its request from standard input, so whoever starts it can first write down which process
works on the run; if the starter dies before, the input ends and nothing has begun.
"""

import json
import os
import sys
from pathlib import Path

from dsa_hcal_assets.processes import default_signals
from dsa_hcal_assets.workers import job


def main() -> None:
    """Wait for the request, then become the command it names."""
    received = sys.stdin.buffer.read()
    if not received:
        os._exit(0)
    request = json.loads(received)
    default_signals()
    job.redirect(Path(request["log"]))
    job.run_console_script(request["script"], request["argv"])


if __name__ == "__main__":
    main()
