"""Generated passwords of the embedded server, kept in one file only the platform's user reads."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dsa_hcal_assets.errors import ConfigurationError


@dataclass(frozen=True, repr=False)
class Passwords:
    """`superuser` is used to set the server up, `reader` by people and programs that only look.

    `application` is used by everything else. `reader` is empty in a file of an older version.
    """

    superuser: str
    application: str
    reader: str = ""


def load(path: Path) -> Passwords:
    """Read the passwords from `path`.

    Raises
    ------
    ConfigurationError
        If the file is missing, readable by others, or not what `load_or_make` wrote.
    """
    try:
        # By the open descriptor, so that what was checked is what is read.
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise ConfigurationError(
                    f"the password file {path} can be read by others",
                    expected="mode 0600",
                    remedy=f"chmod 600 {path}",
                )
            return Passwords(**json.load(file))
    except OSError as error:
        raise ConfigurationError(
            f"the embedded server's password file {path} cannot be read",
            found=error.strerror,
            remedy="start the platform as the user that owns its state directory",
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the password file {path} is damaged", remedy="restore it") from error


def load_or_make(path: Path) -> Passwords:
    """Read `path`, or write new passwords into it (complete or not at all); add what an older one lacks."""
    if path.exists():
        passwords = load(path)
        if passwords.reader:
            return passwords
        passwords = replace(passwords, reader=secrets.token_urlsafe(24))
    else:
        passwords = Passwords(*(secrets.token_urlsafe(24) for _ in range(3)))
    staged = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(passwords), file)
        file.flush()
        os.fsync(file.fileno())
    staged.rename(path)
    return passwords
