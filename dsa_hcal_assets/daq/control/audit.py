"""Who ordered what, when, and what came of it: JSON lines that are on the disk before the answer leaves."""

import os
from pathlib import Path
from typing import Any

import msgspec

from dsa_hcal_assets.clock import utc_now

FILE_NAME = "audit.jsonl"


class Audit:
    """The audit of one run directory.

    Parameters
    ----------
    run_dir
        The directory.
    """

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / FILE_NAME

    def add(self, who: str, address: str, what: str, arguments: dict[str, Any], result: str) -> None:
        """Append one record and force it to the disk.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        record = {
            "time": utc_now().isoformat(),
            "who": who,
            "address": address,
            "what": what,
            "arguments": arguments,
            "result": result,
        }
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(descriptor)
