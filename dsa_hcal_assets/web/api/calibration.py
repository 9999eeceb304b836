"""``/api/calibration``: sets on record, which one applies when, and the next transits."""

from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration import sets
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, Standing, choose
from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.sets import CalibrationSet, State, UnknownCalibrationSet
from dsa_hcal_assets.radio.catalogues.group_calibrators import coming_transits
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.web.api.answers import FromRow
from dsa_hcal_assets.web.api.groups import CalibratorMatch
from dsa_hcal_assets.web.api.products import product_address
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.paging import USUAL_ITEMS, CursorText, Keyset, Limit, Number, Page
from dsa_hcal_assets.web.parameters import Identifier, Instant, Word

_NEWEST_FIRST = Keyset(AwareDatetime, Number)
_MOST_HOURS = 24 * 366.0


class RegisteredSet(FromRow):
    """A calibration set: solved on the calibrator of a group, used from `valid_from` until `valid_until`.

    Both are null when it is not active; `reason` says why. `centre` is the calibrator's transit. A pinned
    set wins over all others.
    """

    set_id: int
    profile: str
    state: State
    qa_level: str
    group_id: str = Field(validation_alias="group")
    calibrator: str
    centre: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    declination_deg: float
    reference_antenna: str
    pinned: bool
    reason: str
    product_id: int
    href: str = ""

    @classmethod
    def of(cls, one: CalibrationSet) -> "RegisteredSet":
        """Return a set with the address of its product."""
        made = cls.model_validate(one)
        made.href = product_address(made.product_id)
        return made


class Event(BaseModel):
    """A change of a set: its new state, or pinned and unpinned."""

    at: datetime
    state: str
    reason: str


class Table(FromRow):
    """A caltable of a set, in the order of application."""

    kind: str
    file: str
    valid_from: datetime
    valid_until: datetime
    interpolation: str
    combined_windows: bool


class SetDetail(RegisteredSet):
    """A set with its history and tables; `problem` says why the tables cannot be read, where they cannot."""

    history: list[Event]
    tables: list[Table]
    problem: str | None


class Applicable(BaseModel):
    """The set that applies, why this one, and how far its centre is from the data."""

    set: RegisteredSet
    standing: Standing
    staleness_hours: float
    reason: str
    passed_over: list[str]


class Transit(CalibratorMatch):
    """A calibrator that will cross the meridian in the beam, at the declination pointed to now."""

    profile: str
    pointing_dec_deg: float


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/calibration", tags=["calibration"])

    @router.get("/sets")
    def registered_sets(
        profile: Annotated[Word | None, Query(description="Telescope profile")] = None,
        state: State | None = None,
        limit: Limit = USUAL_ITEMS,
        cursor: CursorText = None,
    ) -> Page[RegisteredSet]:
        """Sets on record, by their calibrators' transits, the newest first."""
        after = cast("tuple[datetime, int] | None", _NEWEST_FIRST.after(cursor))
        found = sets.list_sets(web.reader, profile, state, limit=limit + 1, after=after)
        return _NEWEST_FIRST.page(
            [RegisteredSet.of(one) for one in found], limit, key=lambda one: (one.centre, one.set_id)
        )

    @router.get("/sets/{set_id}", responses={404: {"description": "No such set"}})
    def registered_set(set_id: Annotated[Identifier, Path()]) -> SetDetail:
        """One set with its tables and every change of its state."""
        try:
            one = sets.get_set(web.reader, set_id)
        except UnknownCalibrationSet as error:
            raise HTTPException(404, error.what) from error
        changes = sets.history(web.reader, set_id)
        tables, problem = _tables(web, one)
        return SetDetail(
            **dict(RegisteredSet.of(one)),
            history=[Event(at=at, state=state, reason=reason) for at, state, reason in changes],
            tables=tables,
            problem=problem,
        )

    @router.get("/applicable", responses={404: {"description": "No such profile, or no set may be used"}})
    def applicable(
        at: Annotated[Instant, Query(description="Mid-time of the data")],
        profile: Annotated[Word, Query(description="Telescope profile")],
        declination_deg: Annotated[
            float | None, Query(ge=-90, le=90, description="Apparent pointing; left out: any")
        ] = None,
        tolerance_deg: Annotated[
            float | None, Query(ge=0, le=180, description="Left out: the profile's")
        ] = None,
        max_age_hours: Annotated[
            float | None,
            Query(ge=0, le=_MOST_HOURS, description="For sets beyond their range. Left out: the platform's"),
        ] = None,
    ) -> Applicable:
        """The set that data of this time and declination would be calibrated with now.

        By the same rule as the pipeline's: a pinned set, else the nearest whose range holds, else the
        nearest within the limit of age.
        """
        settings = web.settings.radio
        telescope = load_profiles(settings.profiles_dir).get(profile)
        if telescope is None:
            raise HTTPException(404, f"there is no telescope profile {profile}")
        rules = telescope.calibration
        tolerance = rules.declination_tolerance_deg if tolerance_deg is None else tolerance_deg
        age = settings.calibration_max_age_hours if max_age_hours is None else max_age_hours
        try:
            choice = choose(web.reader, Need(profile, at, declination_deg, tolerance, age))
        except NoValidCalibration as error:
            raise HTTPException(404, f"{error.what}; found: {error.found}") from error
        return Applicable(
            set=RegisteredSet.of(choice.chosen),
            standing=choice.standing,
            staleness_hours=choice.staleness_hours,
            reason=choice.reason,
            passed_over=list(choice.passed_over),
        )

    @router.get("/transits")
    def transits(
        profile: Annotated[Word | None, Query(description="Telescope profile")] = None,
        calibrator: Word | None = None,
        limit: Limit = USUAL_ITEMS,
    ) -> list[Transit]:
        """The planned transits that have not happened yet, the next first; planned daily, two days ahead."""
        with web.reader.transaction() as transaction:
            found = coming_transits(transaction, profile, calibrator, limit)
        return [Transit.model_validate(one) for one in found]

    return router


def _tables(web: Web, one: CalibrationSet) -> tuple[list[Table], str | None]:
    try:
        described = SetDescription.load(web.settings.products / one.path)
    except BadInput:
        return [], "the tables of this set cannot be read"
    return [Table.model_validate(table) for table in described.tables], None
