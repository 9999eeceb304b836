"""Two machines in one: network namespaces with a cable between them that can be pulled."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class NoNamespaces(Exception):
    """They cannot be made here."""


class Namespaces:
    """Two network namespaces, `HALL` (0) and `LABORATORY` (1), joined by a pair of virtual interfaces."""

    HALL, LABORATORY = "10.77.0.1", "10.77.0.2"

    def __init__(self, prefix: str) -> None:
        self.names = (f"{prefix}-h", f"{prefix}-l")
        self._processes: list[subprocess.Popen[bytes]] = []

    def make(self) -> None:
        for name in self.names:
            _ip("netns", "add", name)
        peer = ("peer", "name", "wire", "netns", self.names[1])
        _ip("-n", self.names[0], "link", "add", "wire", "type", "veth", *peer)
        for name, address in zip(self.names, (self.HALL, self.LABORATORY), strict=True):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "wire")
            _ip("-n", name, "link", "set", "wire", "up")

    def command(self, which: int) -> tuple[str, ...]:
        """Return the words before a command that is to run in one of them."""
        return ("ip", "netns", "exec", self.names[which])

    def spawn(self, which: int, program: Sequence[str]) -> None:
        """Start a program that is killed when the namespaces are removed."""
        self._processes.append(subprocess.Popen([*self.command(which), *program]))

    def set_interface(self, state: str) -> None:
        _ip("-n", self.names[0], "link", "set", "wire", state)

    def remove(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def joined_namespaces() -> Iterator[Namespaces]:
    """Make namespaces and remove them afterwards; `NoNamespaces` where none may be made."""
    namespaces = Namespaces(f"dsahcal{secrets.token_hex(3)}")
    try:
        if shutil.which("ip") is None:
            raise NoNamespaces("two network namespaces need the program `ip` (iproute2)")
        namespaces.make()
    except subprocess.CalledProcessError as error:
        namespaces.remove()
        told = error.stderr.decode().strip()
        raise NoNamespaces(f"network namespaces may not be made here: {told}") from error
    try:
        yield namespaces
    finally:
        namespaces.remove()
