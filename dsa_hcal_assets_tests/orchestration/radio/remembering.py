"""Worker calls that are made once: what a test repeats of a chain is the graph, not the number crunching."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsa_hcal_assets.workers.client import WorkerClient

# arguments that name what a call writes
WRITTEN = ("out_dir", "out")


class RememberingWorkers(WorkerClient):
    """Makes each call of a function for a partition once, in a real worker, and keeps what it left.

    Asked again, it puts a copy of that in place and answers the same, with the paths of the new place.
    """

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home
        self._kept: dict[tuple[str, str], tuple[str, Path | None, str]] = {}
        self.partition = ""

    def call(self, function: str, arguments: Mapping[str, Any], *, wall_seconds: float, log: Path) -> Any:
        place = next((Path(str(arguments[name])) for name in WRITTEN if name in arguments), None)
        known = self._kept.get((function, self.partition))
        if known is None:
            reply = super().call(function, arguments, wall_seconds=wall_seconds, log=log)
            copy = None
            if place is not None:
                copy = Path(tempfile.mkdtemp(dir=self._home)) / "kept"
                shutil.copytree(place, copy)
            self._kept[function, self.partition] = (json.dumps(reply), copy, str(place))
            return reply
        reply_text, copy, before = known
        if place is not None and copy is not None:
            shutil.copytree(copy, place, dirs_exist_ok=True)
            reply_text = reply_text.replace(before, str(place))
        return json.loads(reply_text)

    def forget(self, function: str) -> None:
        """Make the calls of a function anew, the next time."""
        self._kept = {key: kept for key, kept in self._kept.items() if not key[0].endswith(function)}
