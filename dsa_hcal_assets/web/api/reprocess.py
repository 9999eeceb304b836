"""``POST /api/reprocess/{group_id}``: process a group again from what arrived of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.radio.reprocessing import GroupNotWhole, Origin, origin_of
from dsa_hcal_assets.radio.retired_keys import note_restored
from dsa_hcal_assets.web.access import Caller, Role, needs
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.dagster_runs import DagsterAway, DagsterRuns
from dsa_hcal_assets.web.parameters import GroupKey

# Names in the graph, which this room may not import; a test compares them.
JOBS: dict[Origin, str] = {"subbands": "radio_group", "archive": "radio_archive"}
SENSORS: dict[Origin, str] = {"subbands": "radio_sensor", "archive": "ms_sensor"}
KEY_SET = "radio_group"
# goes on by the side, and takes nobody's place
BESIDE = "radio_quicklook"
# behind what is being taken now
PRIORITY = "5"


class Launched(BaseModel):
    """A run that was asked for; it waits for a free slot like any other."""

    run_id: str
    group_id: str
    job: str
    state: Literal["queued"] = "queued"


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["radio"])
    runs = DagsterRuns(web.settings.webserver_port)
    asking = _Asking()

    @router.post(
        "/api/reprocess/{group_id}",
        status_code=202,
        responses={
            404: {"description": "Nothing of that group ever arrived"},
            409: {"description": "It is being processed, or lacks subbands"},
            503: {"description": "The database or Dagster is away"},
        },
    )
    def reprocess(
        group_id: Annotated[GroupKey, Path()], caller: Annotated[Caller, Depends(needs(Role.OPERATOR))]
    ) -> Launched:
        """Launch a run that makes every product of a group anew; readers get them once their checks passed.

        A group that left the live window of partitions comes back into it.
        """
        try:
            origin = origin_of(web.reader, group_id)
        except ProductMissing as error:
            raise HTTPException(404, error.what) from error
        except GroupNotWhole as error:
            raise HTTPException(409, str(error)) from error
        job = JOBS[origin]
        tags = {
            "dagster/priority": PRIORITY,
            "dsa_hcal/partition": f"{SENSORS[origin]}:{group_id}",
            "dsa_hcal/work": f"asked for by {caller.name}",
        }
        with asking.alone(group_id):
            try:
                busy = [one for one in runs.unfinished(group_id) if one.job != BESIDE]
                if busy:
                    told = ", ".join(f"{one.run_id} ({one.status.lower()})" for one in busy)
                    raise HTTPException(409, f"group {group_id} is being processed: run {told}")
                run_id = runs.launch(job, KEY_SET, group_id, tags)
            except DagsterAway as error:
                raise HTTPException(503, str(error)) from error
        note_restored(web.writer, [group_id], utc_now())
        return Launched(run_id=run_id, group_id=group_id, job=job)

    return router


class _Asking:
    """The groups that are being asked for at this moment: no two requests launch one group at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[str] = set()

    @contextmanager
    def alone(self, group: str) -> Iterator[None]:
        with self._lock:
            if group in self._groups:
                raise HTTPException(409, f"group {group} is being asked for by another request")
            self._groups.add(group)
        try:
            yield
        finally:
            with self._lock:
                self._groups.remove(group)
