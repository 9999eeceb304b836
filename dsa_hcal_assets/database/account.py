"""The account the embedded server runs under, and places that account can reach.

PostgreSQL refuses to run as root. When the platform runs as root, the server runs under an
account without privileges; parents of the wanted directory are never opened up for it. Where that
account cannot pass (a home with mode 0700), data and programs live under `SYSTEM_DIR` and the
wanted path becomes a symbolic link to them.
"""

import logging
import os
import pwd
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError

logger = logging.getLogger(__name__)

ACCOUNT = "dsa-hcal"
SYSTEM_DIR = Path("/var/lib/dsa-hcal")
_SECONDS = 20.0


@dataclass(frozen=True)
class Account:
    """A user id and group id for a child process; `name` for messages."""

    name: str
    uid: int
    gid: int

    def switch(self) -> dict[str, object]:
        """Return the arguments that make `subprocess` run a child under this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """Tell whether this account may enter `directory`, passing all its parents.

        Asked of the kernel by a child under that account, so access lists count too.
        """
        test = subprocess.run(
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
            **self.switch(),  # type: ignore[call-overload]
        )
        return bool(test.returncode == 0)


def choose(data_dir: Path, name: str | None = None) -> Account:
    """Return the account to run the server under: one's own, or for root an unprivileged one.

    Parameters
    ----------
    data_dir
        For root, the owner of an existing data directory is taken as it is.
    name
        An existing account to use when root; by default `ACCOUNT`, which is created if it can be.

    Raises
    ------
    ConfigurationError
        If root has no account to switch to.
    """
    if os.geteuid() != 0:
        return Account("", os.geteuid(), os.getegid())
    if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
        return Account(f"uid {owner.st_uid}", owner.st_uid, owner.st_gid)
    wanted = name or ACCOUNT
    entry = _find(wanted)
    if entry is None and name is None:
        _create(wanted)
        entry = _find(wanted)
    if entry is None or entry.pw_uid == 0:
        raise ConfigurationError(
            f"the embedded PostgreSQL cannot run as root and there is no account {wanted!r}",
            remedy=f"run `useradd --system {wanted}`, or run the platform as a normal user, "
            "or set DSA_HCAL_DATABASE_URL to a server of your own",
        )
    return Account(wanted, entry.pw_uid, entry.pw_gid)


def place_data(data_dir: Path, account: Account) -> Path:
    """Return a directory `account` owns and reaches for `data_dir`, made if need be.

    `data_dir` itself where the account can pass, otherwise a directory of `SYSTEM_DIR` that
    `data_dir` links to.

    Raises
    ------
    ConfigurationError
        If `data_dir` is something else than a directory, or neither place can be used.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    if data_dir.is_symlink():
        target = data_dir.resolve()
        if not target.is_dir():
            raise ConfigurationError(
                f"{data_dir} links to {target}, which is gone",
                remedy="restore that directory, or remove the link to start with an empty database",
            )
        return target
    if account.can_enter(data_dir.parent):
        return _own(data_dir, account)
    if data_dir.exists():
        # Only an empty directory may give way to the link; rmdir refuses any other.
        try:
            data_dir.rmdir()
        except OSError as error:
            raise ConfigurationError(
                f"{data_dir} is not empty and account {account.name!r} cannot reach it",
                found=str(error),
                kept="left as it is",
                remedy="move it where that account can pass, or run the platform as its owner",
            ) from error
    # A name of its own each time: a state directory made anew at the same path must not meet the
    # cluster, and the passwords, of the one that was deleted.
    target = _own(_system_dir("clusters") / uuid.uuid4().hex, account)
    data_dir.symlink_to(target)
    logger.info("%s is out of reach for account %s: its data are in %s", data_dir, account.name, target)
    return target


def place_programs(installation: Path, account: Account) -> Path:
    """Return `installation` (bin, lib, share), or a copy of it that `account` can reach.

    The wheel's programs find shared libraries in ``<package>.libs`` beside their package, so the
    copy keeps that shape.
    """
    if account.can_enter(installation / "bin"):
        return installation
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    mark = (installation / "bin" / "postgres").stat()
    home = _system_dir("programs") / f"{installation.name}-{mark.st_size}-{int(mark.st_mtime)}"
    if not home.exists():
        staged = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(installation, staged / package.name / installation.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, staged / libraries.name, symlinks=True)
        _let_pass(staged)
        staged.rename(home)
    return home / package.name / installation.name


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create(name: str) -> None:
    program = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        return
    command = [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", name],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        logger.info("created account %s for the embedded database server", name)
    else:
        logger.warning("account %s was not created: %s", name, done.stderr.strip())


def _own(directory: Path, account: Account) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0 and directory.stat().st_uid == 0:
        os.chown(directory, account.uid, account.gid)
    return directory.resolve()


def _let_pass(root: Path) -> None:
    """Let everybody read and pass a tree that was copied under a strict umask."""
    for directory, _, names in os.walk(root):
        Path(directory).chmod(0o755)
        for name in names:
            path = Path(directory) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444)


def _system_dir(name: str) -> Path:
    directory = SYSTEM_DIR / name
    try:
        for place in (SYSTEM_DIR, directory):
            if not place.exists():
                place.mkdir(parents=True)
                # Made for the server's account: a strict umask must not shut it out.
                place.chmod(0o755)
    except OSError as error:
        raise ConfigurationError(
            f"the embedded PostgreSQL needs {directory}, which cannot be made",
            found=str(error),
            remedy="set DSA_HCAL_STATE_DIR to a directory below parents that all may pass (not /root)",
        ) from error
    return directory
