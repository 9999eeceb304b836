"""Starting a server that ends when its owner does, however the owner ends.

On Linux the kernel sends SIGINT (PostgreSQL's fast shutdown) when the thread that started it
dies. That is right for a main thread only; elsewhere, and on other systems, a tiny shell child
reads from a pipe held by the owner: its end means that the owner is gone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_DISMISSED = b"dismissed\n"
# The pipe is moved to descriptor 3 first: a shell gives background commands /dev/null as input.
# The reader is a grandchild, so that the server the shell turns into never has to reap it.
_GUARDIAN = """
exec 3<&0 </dev/null
( { read -r word <&3; test -n "$word" || kill -INT $$; } & )
exec "$@" 3<&-
"""


def start(
    command: list[str], log: Path, switch: dict[str, object], *, by_kernel: bool | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, output appended to `log`.

    Parameters
    ----------
    switch
        The user to become, as arguments of `subprocess.Popen` (see `account.Account.switch`).
    by_kernel
        Use the parent-death signal; by default where it is right.
    """
    if by_kernel is None:
        by_kernel = sys.platform == "linux" and threading.current_thread() is threading.main_thread()
    if not by_kernel:
        command = ["/bin/sh", "-c", _GUARDIAN, "postgres-guardian", *command]
    with log.open("ab") as output:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            command,
            cwd="/",
            stdin=subprocess.DEVNULL if by_kernel else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A terminal's Ctrl-C must reach the clients first.
            start_new_session=True,
            preexec_fn=_parent_death_signal(os.getpid()) if by_kernel else None,
            **switch,
        )


def dismiss(process: subprocess.Popen[bytes]) -> None:
    """Tell the guardian of an ended server that there is nothing left to end."""
    if process.stdin is not None:
        try:
            process.stdin.write(_DISMISSED)
            process.stdin.close()
        except BrokenPipeError:
            # The guardian is gone already, which is all that was wanted.
            process.stdin = None


def _parent_death_signal(parent: int):  # type: ignore[no-untyped-def]
    # Looked up before the fork: the child of a threaded process may do little more than call it.
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def set_signal() -> None:
        # Set after the change of user, which would clear it.
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return set_signal
