"""Read headers in a child process: a file that crashes or hangs the HDF5 library costs only itself.

``python -m dsa_hcal_assets.radio.ingest.child`` reads one path a line from standard input and
answers one JSON line each.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader

# classes a child may answer with
ERRORS: dict[str, type[BadInput]] = {"UnreadableSubband": UnreadableSubband, "BadHeader": BadHeader}
START_SECONDS = 20.0


def read_headers(paths: Sequence[Path], *, seconds_a_file: float = 10.0) -> list[SubbandHeader | BadInput]:
    """Return, for each path, its header or the error that says why there is none.

    Parameters
    ----------
    paths
        Regular files.
    seconds_a_file
        Wall limit of one file, on top of the child's start.
    """
    answers: list[SubbandHeader | BadInput] = []
    while len(answers) < len(paths):
        rest = paths[len(answers) :]
        lines, ending = _ask(rest, START_SECONDS + seconds_a_file * len(rest))
        answers += [_answer(line) for line in lines]
        if ending is not None and len(answers) < len(paths):
            # the child ended in the middle of this file; the others get a new child
            answers.append(_fatal(paths[len(answers)], ending))
    return answers


def _ask(paths: Sequence[Path], seconds: float) -> tuple[list[str], str | None]:
    """Return the complete answers of a child and, when some are missing, how it ended."""
    command = [sys.executable, "-m", "dsa_hcal_assets.radio.ingest.child"]
    question = "".join(json.dumps(str(path)) + "\n" for path in paths)
    try:
        done = subprocess.run(
            command, input=question, capture_output=True, text=True, timeout=seconds, check=False
        )
        output, ending = done.stdout, f"the reader ended with code {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired as late:
        raw = late.stdout or b""
        output = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
        ending = f"the reader did not end within {seconds:.0f} s"
    lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return lines, ending if len(lines) < len(paths) else None


def _answer(line: str) -> SubbandHeader | BadInput:
    record = json.loads(line)
    if "header" in record:
        return SubbandHeader.from_json(record["header"])
    error = record["error"]
    return ERRORS.get(error["error"], UnreadableSubband)(
        error["what"],
        expected=error["expected"],
        found=error["found"],
        kept=error["kept"],
        remedy=error["remedy"],
    )


def _fatal(path: Path, ending: str) -> UnreadableSubband:
    return UnreadableSubband(
        f"reading the header of {path.name} broke the HDF5 library",
        expected="a sound UVH5 file",
        found=" ".join(ending.split()),
        remedy="send the file again; if it happens again, keep it for a report to the HDF5 group",
    )


def _serve() -> None:
    from dsa_hcal_assets.radio.ingest.header import summarise
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header

    for line in sys.stdin:
        try:
            answer = {"header": summarise(read_header(Path(json.loads(line)))).as_json()}
        except BadInput as error:
            answer = {"error": error.as_record()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
