"""``/api/status``: where everything stands, in numbers."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from dsa_hcal_assets.radio.calibration.sets import CalibrationSet
from dsa_hcal_assets.web.api.groups import Group, QuickLook, state_name
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import MOST_ITEMS
from dsa_hcal_assets.web.status import RECENT_GROUPS, Status, read_status
from dsa_hcal_assets.web.system_state import SystemState, read_system_state


class Queue(BaseModel):
    """Observation groups by state, and all of them."""

    total: int
    collecting: int
    pending: int
    in_progress: int
    completed: int
    failed: int


class Balance(BaseModel):
    """Inputs of a source: accepted = loaded + quarantined + pending."""

    accepted: int
    loaded: int
    quarantined: int
    pending: int


class CurrentProducts(BaseModel):
    """Current products of a kind, and when the newest was made."""

    current: int
    newest: datetime


class VerdictCounts(BaseModel):
    """Verdicts of the last day that count on current products; `blocking_failed` of any age close a gate."""

    model_config = ConfigDict(populate_by_name=True)

    pass_: int = Field(alias="pass")
    warn: int
    fail: int
    blocking_failed: int


class OpenAlerts(BaseModel):
    """Alerts that have not ended."""

    total: int
    by_severity: dict[str, int]


class LastSnapshot(BaseModel):
    """The newest loaded cycle of the detector."""

    cycle: datetime
    age_seconds: float


class RecentSet(BaseModel):
    """A calibration set; `active`: data of its time are calibrated with it."""

    set_id: int
    set_name: str
    calibrator: str
    state: str
    active: bool
    qa_level: str
    valid_from: datetime | None
    valid_until: datetime | None

    @classmethod
    def of(cls, one: CalibrationSet) -> "RecentSet":
        """Return a set in short."""
        return cls(
            set_id=one.set_id,
            set_name=f"calibration_tables/{one.partition}/v{one.version:04d}",
            calibrator=one.calibrator,
            state=one.state,
            active=one.state == "active",
            qa_level=one.qa_level,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )


class StatusAnswer(BaseModel):
    """The platform at one moment."""

    version: str
    timestamp: datetime
    queue: Queue
    recent_groups: list[Group]
    matched_recent: int
    calibration_states: dict[str, int]
    calibration_sets: list[RecentSet]
    ledger: dict[str, Balance]
    products: dict[str, CurrentProducts]
    verdicts: VerdictCounts
    open_alerts: OpenAlerts
    last_snapshot: LastSnapshot | None
    quicklook: QuickLook | None
    system: SystemState

    @classmethod
    def of(cls, status: Status, system: SystemState, version: str) -> "StatusAnswer":
        """Return the form in which programs get a status."""
        counts = {state_name(state): count for state, count in status.groups.items()}
        groups = [Group.of(one, status.calibrators.get(one.key, [])) for one in status.recent_groups]
        snapshot, age = status.last_snapshot, status.snapshot_age_seconds
        return cls(
            version=version,
            timestamp=status.at,
            queue=Queue(total=sum(counts.values()), **counts),
            recent_groups=groups,
            matched_recent=sum(one.has_calibrator for one in groups),
            calibration_states=dict(status.calibration_states),
            calibration_sets=[RecentSet.of(one) for one in status.calibration_sets],
            ledger={source: Balance(**balance) for source, balance in status.ledger.items()},
            products={kind: CurrentProducts(**values) for kind, values in status.products.items()},
            verdicts=VerdictCounts.model_validate(status.verdicts),
            open_alerts=OpenAlerts(total=sum(status.alerts.values()), by_severity=status.alerts),
            last_snapshot=None
            if snapshot is None or age is None
            else LastSnapshot(cycle=snapshot, age_seconds=age),
            quicklook=None if status.quicklook is None else QuickLook.of(status.quicklook),
            system=system,
        )


def routes(web: Web) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["platform"])

    @router.get("/api/status")
    def status(
        limit: Annotated[
            int, Query(ge=0, le=MOST_ITEMS, description="Most recent groups to show")
        ] = RECENT_GROUPS,
    ) -> StatusAnswer:
        """Queue, ledger, products, verdicts, alerts, calibration and the machine, in numbers."""
        system = read_system_state(web.settings)
        return StatusAnswer.of(read_status(web.reader, limit), system, web.version)

    return router
