"""A writable copy of a published Measurement Set for tools that insist on writing into their input."""

import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsa_hcal_assets.errors import DeadlineExceeded, TransientError

COPY_SECONDS = 900.0


class CopyFailed(TransientError):
    """The file system refused a working copy (no space, no permission)."""


@contextmanager
def working_copy(ms: Path, scratch: Path) -> Iterator[Path]:
    """Copy `ms` below `scratch` for the duration of the block; the copy is removed afterwards.

    Blocks are shared with the original where the file system can (reflink).

    Raises
    ------
    CopyFailed
        If the copy cannot be made.
    DeadlineExceeded
        If it takes longer than a quarter of an hour.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=scratch) as room:
        copy = Path(room) / ms.name
        copy_tree(ms, copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
        yield copy


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory, sharing blocks with the original where the file system can (reflink).

    Raises
    ------
    CopyFailed, DeadlineExceeded
        As `working_copy`.
    """
    cp = shutil.which("cp")
    try:
        done = subprocess.run(
            [cp or "cp", "-R", "--reflink=auto", str(source), str(target)],
            capture_output=True,
            text=True,
            timeout=COPY_SECONDS,
            check=False,
        )
        if done.returncode != 0 and "reflink" in done.stderr:  # not GNU cp
            shutil.copytree(source, target)
        elif done.returncode != 0:
            raise CopyFailed(f"{source} could not be copied", found=done.stderr.strip()[-300:])
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(f"copy of {source} did not end within {COPY_SECONDS:g} s") from error
    except OSError as error:
        raise CopyFailed(f"{source} could not be copied to {target}", found=str(error)) from error
