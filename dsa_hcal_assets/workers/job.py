"""What happens inside the process that was forked for a job: become independent, work, answer.

Each job starts from the host's pristine memory; what one job changes, the next never sees.
"""

import gc
import importlib
import json
import logging
import os
import random
import shlex
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import NoReturn

from dsa_hcal_assets.errors import PermanentError, PlatformError
from dsa_hcal_assets.processes import default_signals, die_with_parent
from dsa_hcal_assets.workers.logs import open_log
from dsa_hcal_assets.workers.protocol import JSON, error_record


class FunctionRefused(PermanentError):
    """A worker was asked for a function outside the packages it serves."""


def become_independent(parent: int, log: Path) -> None:
    """Leave the host's session, die with it, and write to a log of one's own."""
    os.setsid()
    default_signals()
    die_with_parent(parent)
    redirect(log)
    refresh()


def redirect(log: Path) -> None:
    """Make `log` the standard output and error, and nothing the standard input."""
    sys.stdout.flush()
    sys.stderr.flush()
    output = open_log(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    # for a CASA that is imported only now; one that was imported by the host follows by its own call
    os.environ["CASA_LOGFILE"] = str(log)
    if "casatasks" in sys.modules:
        sys.modules["casatasks"].casalog.setlogfile(str(log))


def refresh() -> None:
    """Give a forked process its own random numbers and the time zone of its environment."""
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    time.tzset()


def resolve(function: str, packages: Sequence[str]) -> Callable[..., JSON]:
    """Return the function named ``package.module:name``.

    Raises
    ------
    FunctionRefused
        If it is not a function of a module below one of `packages`.
    """
    module, _, name = function.partition(":")
    if not any(module.startswith(f"{package}.") for package in packages):
        raise FunctionRefused(
            f"function {function!r} is refused", expected=f"a module below {', '.join(packages)}"
        )
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise FunctionRefused(f"function {function!r} cannot be found", found=str(error)) from error
    if not callable(found) or isinstance(found, type) or found.__module__.partition(".")[0] not in packages:
        raise FunctionRefused(
            f"{function!r} is refused", expected="a function of the platform", found=repr(found)
        )
    return found  # type: ignore[no-any-return]


def answer_call(
    connection: socket.socket, function: str, arguments: Mapping[str, JSON], packages: Sequence[str]
) -> NoReturn:
    """Call the function, send its result or error as JSON, and end this process."""
    print(f"--- {function} in process {os.getpid()}", file=sys.stderr, flush=True)  # noqa: T201 - heads the job's log
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    try:
        result = resolve(function, packages)(**arguments)
        # tables that only a reference cycle keeps open are flushed when they are collected
        gc.collect()
        reply = json.dumps({"result": result})
    except MemoryError:
        traceback.print_exc()
        _end(70)
    except PlatformError as error:
        traceback.print_exc()
        reply = json.dumps({"error": error_record(error)})
    except BaseException as error:  # noqa: BLE001 - recorded, and re-raised in the caller
        traceback.print_exc()
        reply = json.dumps({"failure": f"{type(error).__name__}: {error}"})
    connection.setblocking(True)
    connection.sendall(reply.encode())
    _end(0)


def console_scripts(name: str) -> EntryPoints:
    """Return the installed command of a name: none or one."""
    return entry_points(group="console_scripts", name=name)


def run_console_script(name: str, argv: Sequence[str]) -> NoReturn:
    """Do in this process what the installed command `name` does, and end with its exit code."""
    sys.argv = [name, *argv]
    code = 1
    try:
        (script,) = console_scripts(name)
        script.load()()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - the process ends with its traceback in the log, as a command does
        traceback.print_exc()
    if code:
        shown = shlex.join(argv)[:200]
        print(f"--- {name} {shown} ended with code {code}", file=sys.stderr, flush=True)  # noqa: T201 - job's log
    _end(code)


def _end(code: int) -> NoReturn:
    # no exit handlers: they belong to the host whose memory this process shares
    sys.stdout.flush()
    sys.stderr.flush()
    logging.shutdown()
    os._exit(code)
