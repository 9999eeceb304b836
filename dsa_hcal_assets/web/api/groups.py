"""``/api/groups``: observation groups of the radio side."""

from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel

from dsa_hcal_assets.radio import group_states
from dsa_hcal_assets.radio.catalogues.group_calibrators import GroupCalibrator, calibrators_of
from dsa_hcal_assets.radio.conversion import performance
from dsa_hcal_assets.radio.conversion.performance import Performance
from dsa_hcal_assets.radio.group_states import GroupState
from dsa_hcal_assets.radio.quicklook import latency
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.api.products import ProductFile, artifacts, product_address
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Name, Page
from dsa_hcal_assets.web.parameters import GroupKey, Instant, Measured, Word

GroupStateName = Literal["collecting", "pending", "in_progress", "completed", "failed"]

_NEWEST_FIRST = Keyset(AwareDatetime, Name)


class CalibratorMatch(FromRow):
    """A calibrator that crosses the meridian within a group, and its distance from the pointing then."""

    calibrator: str
    transit: datetime
    separation_deg: float
    response: float
    flux_jy: float
    apparent_jy: float


class Group(BaseModel):
    """Where a group stands, and the calibrators in its beam, the brightest first."""

    group_id: str
    state: GroupStateName
    subbands_present: int
    expected_subbands: int
    missing_subbands: list[int]
    profile: str
    telescope: str
    declination_deg: Measured
    received_at: datetime
    last_update: datetime
    has_calibrator: bool
    matches: list[CalibratorMatch]

    @classmethod
    def of(cls, group: GroupState, matches: list[GroupCalibrator]) -> "Group":
        """Return a group under the names that readers of the telescope's status know."""
        return cls(
            group_id=group.key,
            state=state_name(group.state),
            subbands_present=group.found,
            expected_subbands=group.expected,
            missing_subbands=group.missing,
            profile=group.profile,
            telescope=group.telescope,
            declination_deg=group.declination_deg,
            received_at=group.first_seen,
            last_update=group.last_seen,
            has_calibrator=bool(matches),
            matches=[CalibratorMatch.model_validate(one) for one in matches],
        )


class SubbandFile(FromRow):
    """A file of a group and what its header says; null where it was never read."""

    arrival_id: int
    subband: int | None
    name: str
    state: str
    bytes: int
    low_hz: Measured
    high_hz: Measured
    channels: int | None
    integrations: int | None
    antennas: int | None
    reason: str | None


class GroupProduct(BaseModel):
    """The current product of a stage and its gate: `closed_by` names the blocking checks that failed.

    `artifacts` are its pages, pictures and images.
    """

    kind: str
    version: int
    created_at: datetime
    product_id: int
    passed: int
    warned: int
    closed_by: list[str]
    href: str
    artifacts: list[ProductFile]


class StageRun(FromRow):
    """The last time a stage ran; done says nothing about its checks."""

    stage: str
    outcome: Literal["done", "failed"]
    run_id: str
    started_at: datetime
    ended_at: datetime
    seconds: float


class Conversion(FromRow):
    """How long the conversion took; steps of the direct writer overlap and add up over its threads."""

    writer: str
    load_seconds: float
    phase_seconds: float
    write_seconds: float
    total_seconds: float
    peak_rss_bytes: int
    ms_bytes: int
    started_at: datetime


class QuickLook(BaseModel):
    """How soon after its last subband a group's quick look was there, moment by moment."""

    group_id: str
    judged_at: datetime
    seconds_since_landing: dict[str, float]

    @classmethod
    def of(cls, found: latency.Latency) -> "QuickLook":
        """Return a quick look's latency."""
        return cls(
            group_id=found.group_key,
            judged_at=found.judged_at,
            seconds_since_landing=found.since_landing,
        )


class GroupDetail(Group):
    """A group in full."""

    files: list[SubbandFile]
    products: list[GroupProduct]
    stages: list[StageRun]
    conversion: Conversion | None
    quicklook: QuickLook | None


def state_name(state: str) -> GroupStateName:
    """Return the name of a group's state as programs write it."""
    return cast(GroupStateName, state.replace(" ", "_"))


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["radio"])

    @router.get("/api/groups", responses={422: {"description": "A parameter out of its bounds"}})
    def groups(
        state: GroupStateName | None = None,
        profile: Annotated[Word | None, Query(description="Telescope profile")] = None,
        since: Annotated[Instant | None, Query(description="First integration not before")] = None,
        until: Annotated[Instant | None, Query(description="First integration before")] = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[Group]:
        """Observation groups that got a subband last, newest first; of one state if given."""
        after = cast("tuple[datetime, str] | None", _NEWEST_FIRST.after(cursor))
        with web.reader.transaction() as transaction:
            found = group_states.latest(
                transaction,
                state.replace("_", " ") if state else None,
                limit + 1,
                profile=profile,
                since=since,
                until=until,
                after=after,
            )
            matches = calibrators_of(transaction, [one.key for one in found])
        items = [Group.of(one, matches[one.key]) for one in found]
        return _NEWEST_FIRST.page(items, limit, key=lambda one: (one.last_update, one.group_id))

    @router.get("/api/groups/{group_id}", responses={404: {"description": "No group of that key"}})
    def group(group_id: Annotated[GroupKey, Path()]) -> GroupDetail:
        """One observation group with its files, products, gates, artifacts and timings."""
        found = group_states.details(web.reader, group_id)
        if found is None:
            raise HTTPException(404, f"no file of group {group_id} ever arrived")
        with web.reader.transaction() as transaction:
            matches = calibrators_of(transaction, [group_id])[group_id]
        conversion = performance.of_group(web.reader, group_id)
        quick = latency.of_group(web.reader, group_id)
        return GroupDetail(
            **dict(Group.of(found.group, matches)),
            files=[SubbandFile.model_validate(one) for one in found.files],
            products=[_product(web, one) for one in found.products],
            stages=[StageRun.model_validate(one) for one in found.stages],
            conversion=_conversion(conversion),
            quicklook=None if quick is None else QuickLook.of(quick),
        )

    return router


def _product(web: Web, one: group_states.GroupProduct) -> GroupProduct:
    return GroupProduct(
        kind=one.kind,
        version=one.version,
        created_at=one.created_at,
        product_id=one.product_id,
        passed=one.passed,
        warned=one.warned,
        closed_by=one.closed_by or [],
        href=product_address(one.product_id),
        artifacts=artifacts(web, one.product_id, one.path),
    )


def _conversion(found: Performance | None) -> Conversion | None:
    return None if found is None else Conversion.model_validate(found)
