"""Functions that worker processes of the tests are asked to run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import BadInput, PermanentError

marks: list[str] = []


class OddlyMade(PermanentError):
    """An error whose constructor takes other arguments than the family's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"odd number {number}", remedy="make it even")


def echo(value: Any) -> Any:
    return value


def pid() -> int:
    return os.getpid()


def bad_input() -> None:
    raise BadInput("board 3 is odd", expected="16 fields", found="15", kept="in place", remedy="look")


def oddly_made() -> None:
    raise OddlyMade(3)


def value_error() -> None:
    sys.stdout.write("on the way\n")
    raise ValueError("no good")


def not_json() -> Any:
    return object()


def hang(mark: str | None = None) -> None:
    if mark:
        Path(mark).write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)


def hang_deaf() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    hang()


def die(number: int) -> None:
    os.write(1, b"last words\n")
    os.kill(os.getpid(), number)
    time.sleep(10)


def leave(code: int) -> None:
    os._exit(code)


def exhaust_memory() -> None:
    raise MemoryError


def hang_with_child(mark: str) -> None:
    child = subprocess.Popen(["sleep", "300"])
    Path(mark).write_text(str(child.pid))
    hang()


def leave_child_behind() -> int:
    return subprocess.Popen(["sleep", "300"]).pid


def mark_and_tell(word: str) -> list[str]:
    marks.append(word)
    os.environ["LEAKED"] = word
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    Path("left-over").write_text(word)
    return marks


def surroundings() -> dict[str, Any]:
    return {
        "leaked": os.environ.get("LEAKED"),
        "zone": time.tzname[0],
        "files": [path.name for path in Path.cwd().iterdir()],
        "marks": marks,
        "leader": os.getsid(0) == os.getpid(),
        "sigterm": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "sigint": signal.getsignal(signal.SIGINT) == signal.default_int_handler,
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "sockets": sum(_target(path).startswith("socket:") for path in Path("/proc/self/fd").iterdir()),
    }


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""


def randoms() -> list[float]:
    import numpy as np

    return [random.random(), float(np.random.random())]


def flood(megabytes: int) -> str:
    line = b"x" * (2**20 - 1) + b"\n"
    for _ in range(megabytes):
        os.write(1, line)
        time.sleep(0.02)
    sys.stdout.flush()
    return "done"
