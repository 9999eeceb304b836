"""Facts about and control over processes: identity, signals, groups, the death of a parent.

Linux gives more (PR_SET_PDEATHSIG, boot id); elsewhere the nearest thing is used and said so.
"""

import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

# not compared in place, or the type checker takes what follows for unreachable
_LINUX: bool = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

# Runs before the real program in a fresh interpreter: the signal on the parent's death has to be
# asked for by the child itself, and an ignored SIGINT inherited from a shell's "&" has to be undone.
_BOOTSTRAP = (
    "import ctypes,os,signal,sys\n"
    "sys.platform=='linux' and ctypes.CDLL(None).prctl(1,9)\n"
    "[signal.signal(s,signal.SIG_DFL) for s in (1,2,3,13,15)]\n"
    "signal.pthread_sigmask(signal.SIG_SETMASK,[])\n"
    "os.getppid()==int(sys.argv[1]) or os._exit(1)\n"
    "os.execvp(sys.argv[2],sys.argv[2:])\n"
)


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes
    ----------
    pid
        Process number.
    started
        Start time as the kernel counts it (clock ticks since boot on Linux), as text.
    boot
        Identity of the machine's boot.
    """

    pid: int
    started: str
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity":
        """Return the identity of a living process.

        Raises
        ------
        ProcessLookupError
            If there is no such process.
        """
        return cls(pid, _start_time(pid), boot_identity())

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity":
        """Read what `str` wrote."""
        pid, started, boot = text.split(":", 2)
        return cls(int(pid), started, boot)

    def __str__(self) -> str:
        return f"{self.pid}:{self.started}:{self.boot}"

    def alive(self) -> bool:
        """Tell whether exactly this process still runs; a zombie does not."""
        try:
            return self == ProcessIdentity.of(self.pid) and not _is_zombie(self.pid)
        except ProcessLookupError:
            return False


def boot_identity() -> str:
    """Return what changes when the machine restarts."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(int(psutil.boot_time()))


def _start_time(pid: int) -> str:
    try:
        if _LINUX:
            # psutil derives its time from the wall clock of the boot, which moves when the clock is set
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return str(psutil.Process(pid).create_time())
    except (OSError, psutil.NoSuchProcess) as error:
        raise ProcessLookupError(pid) from error


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel for signal `number` when this process's parent dies; end now if that has happened.

    Outside Linux there is no such request: the parent's own clean-up has to do.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent below this one dies (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value)


def supervised(argv: list[str]) -> list[str]:
    """Return a command that runs `argv` with default signals, killed when this process dies.

    The kernel ties this to the *thread* that starts the command: start it from a thread that
    outlives it.
    """
    return [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, str(os.getpid()), *argv]


def default_signals() -> None:
    """Give this process the signal handling of a freshly started interpreter."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(number)) or signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def kill_group(pid: int) -> None:
    """Send SIGKILL to the process group led by `pid`, and to `pid` if it leads none yet."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def has_ended(pid: int) -> bool:
    """Tell whether a child has ended, without reaping it: its number stays its own until then."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def signal_name(number: int) -> str:
    """Return ``SIGKILL`` for 9, and so on."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def describe_exit(status: int) -> str:
    """Return an exit status as `subprocess` gives it (negative: killed) in words."""
    return f"killed by {signal_name(-status)}" if status < 0 else f"exit code {status}"


def wait_until_gone(identity: ProcessIdentity, seconds: float) -> bool:
    """Wait until a process has ended; return whether it did within `seconds`."""
    deadline = time.monotonic() + seconds
    while identity.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
