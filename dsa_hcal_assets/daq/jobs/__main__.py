"""The process of one job: ``python -m dsa_hcal_assets.daq.jobs ASSIGNMENT``."""

import faulthandler
import logging
import os
import sys
from pathlib import Path

from dsa_hcal_assets.daq.jobs.assignment import Assignment, read_assignment
from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.files import read_job
from dsa_hcal_assets.daq.jobs.limits import apply_limits
from dsa_hcal_assets.daq.jobs.line import Doing, SupervisorLine
from dsa_hcal_assets.daq.jobs.logs import log_as_json_lines, log_path
from dsa_hcal_assets.daq.jobs.loop import JobLoop
from dsa_hcal_assets.daq.jobs.stopping import StopRequest
from dsa_hcal_assets.daq.jobs.types import load_type
from dsa_hcal_assets.processes import ProcessIdentity

log = logging.getLogger("job")


def main(path: Path) -> int:
    """Run the job of an assignment; return the process's exit code, 0 for an orderly end."""
    # a segmentation fault's traceback goes to the real standard error, which the supervisor keeps
    faulthandler.enable(2)
    assignment = read_assignment(path)
    config = read_job(assignment.text, assignment.file)
    log_as_json_lines(
        log_path(assignment.context.run_dir, config.id), config.log, {"job": config.id, "pid": os.getpid()}
    )
    request = StopRequest(ProcessIdentity.parse(assignment.parent), config.stop_deadline)
    line = SupervisorLine(assignment.line, config.id, assignment.token)
    try:
        _run(assignment, config, request, line)
    # told before the process ends: the supervisor then knows why it did
    except Exception as error:
        log.exception("%s ends with an error", config.id)
        line.tell(Doing.FAILED, f"{type(error).__name__}: {error}")
        return 1
    finally:
        line.close()
    return 0


def _run(assignment: Assignment, config: JobConfig, request: StopRequest, line: SupervisorLine) -> None:
    apply_limits(config.limits)
    job = load_type(config.type)(config, assignment.context)
    log.info("%s of type %s begins", config.id, config.type)
    JobLoop(job, line, request, interval=assignment.interval, paused=assignment.paused).run()
    log.info("%s ends%s", config.id, ", having finished" if job.finished else "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
