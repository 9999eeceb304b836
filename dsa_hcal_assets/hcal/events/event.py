"""One control-plane event: what kinds there are, and what each may say."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.snapshots.cycle import LARGEST_RUN

LARGEST_TOWER = geometry.EMCAL_FIRST_TOWER_ID + geometry.EMCAL_TOWERS - 1
EMCAL = 2  # the third detector, beside `geometry.Detector`

# PostgreSQL's text holds no NUL character
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_TowerId = Annotated[int, Field(ge=0, le=LARGEST_TOWER)]
_Dac = Annotated[int, Field(ge=0, le=65535)]
_Offset = Annotated[float, Field(ge=-4095, le=4095, allow_inf_nan=False)]
_Utc = Annotated[AwareDatetime, AfterValidator(require_utc)]


class Kind(StrEnum):
    """What can happen."""

    LED_ON = "led_on"
    LED_OFF = "led_off"
    TEST_PULSE_ON = "test_pulse_on"
    TEST_PULSE_OFF = "test_pulse_off"
    GAIN_CHANGED = "gain_changed"
    OFFSETS_CHANGED = "offsets_changed"
    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"
    POWER_CUT = "power_cut"
    NOTE = "note"


class _Value(BaseModel):
    """What any event may say besides: a remark."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: _Text | None = None


class LedSetting(_Value):
    """LEDs of the monitor: which (bit mask of five), how bright and how long (DAC units)."""

    mask: int | None = Field(None, ge=0, le=31)
    intensity: tuple[_Dac, _Dac, _Dac, _Dac, _Dac] | None = None
    pulse_width: tuple[_Dac, _Dac, _Dac, _Dac, _Dac] | None = None


class TestPulseSetting(_Value):
    """Towers that are pulsed, as the controllers' bit mask of 24."""

    __test__ = False  # not one of pytest's

    mask: int | None = Field(None, ge=0, lt=2**24)


class GainSetting(_Value):
    """Pre-amplifier gain from then on."""

    gain: Literal["normal", "high"]


class OffsetSetting(_Value):
    """Bias offsets from then on, DAC/mV units: one for all towers of the scope, or one a tower id."""

    offset: _Offset | None = None
    offsets: dict[_TowerId, _Offset] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.offset is None) == (self.offsets is None):
            raise ValueError("either offset or offsets is required")
        return self


class RunStart(_Value):
    """What the run takes: physics, cosmics, led, pedestal, ..."""

    kind: _Name | None = None


class Remark(_Value):
    """A note."""

    text: _Text


_VALUES: dict[Kind, type[_Value]] = {
    Kind.LED_ON: LedSetting,
    Kind.TEST_PULSE_ON: TestPulseSetting,
    Kind.GAIN_CHANGED: GainSetting,
    Kind.OFFSETS_CHANGED: OffsetSetting,
    Kind.RUN_STARTED: RunStart,
    Kind.NOTE: Remark,
}
_OF_RUNS = (Kind.RUN_STARTED, Kind.RUN_ENDED)
_OF_TOWERS = (Kind.OFFSETS_CHANGED, Kind.NOTE)  # all others are done to whole half-sectors


class ControlEvent(BaseModel):
    """Something that was done to the detector, or that befell it.

    Without `detector`, `half_sector` and `tower_id` it concerns everything; at most one may be given.

    Parameters
    ----------
    at
        When it happened (aware; kept in UTC).
    detector
        0 OHCal, 1 IHCal, 2 EMCal.
    half_sector
        0-127, as `geometry.Towers.half_sector`.
    tower_id
        0-27647, unique over detectors.
    run_number
        The run that started or ended, or in which it happened.
    value
        What else is known, by kind: `LedSetting`, `TestPulseSetting`, `GainSetting`, `OffsetSetting`,
        `RunStart`, `Remark`; the others take a ``text`` only. Given as an object of those fields.
    source
        Who says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: _Utc
    kind: Kind
    detector: int | None = Field(None, ge=0, le=EMCAL)
    half_sector: int | None = Field(None, ge=0, lt=geometry.HALF_SECTORS)
    tower_id: _TowerId | None = None
    run_number: int | None = Field(None, ge=0, le=LARGEST_RUN)
    value: dict[str, Any] = Field(default_factory=dict)
    source: _Text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        scopes = [name for name in ("detector", "half_sector", "tower_id") if getattr(self, name) is not None]
        if len(scopes) > 1:
            raise ValueError(f"only one of {' and '.join(scopes)} can be given")
        if self.tower_id is not None and self.kind not in _OF_TOWERS:
            raise ValueError(f"{self.kind} concerns half-sectors, not a tower_id")
        if self.kind in _OF_RUNS and (self.run_number is None or scopes):
            raise ValueError(f"{self.kind} requires a run_number and concerns everything")
        said = self.said()
        if isinstance(said, OffsetSetting):
            self._require_towers(said, bool(scopes))
        return self

    def said(self) -> _Value:
        """Return `value` as the model of its kind."""
        # as JSON, where keys are text and tuples are arrays
        return _VALUES.get(self.kind, _Value).model_validate_json(json.dumps(self.value))

    def towers(self) -> range | list[int]:
        """Return the tower ids of the scope, in order."""
        if self.tower_id is not None:
            return [self.tower_id]
        if self.half_sector is not None:
            towers = geometry.towers()
            return [int(number) for number in towers.tower_id[towers.half_sector == self.half_sector]]
        size = geometry.TOWERS_PER_DETECTOR
        if self.detector is None:
            return range(LARGEST_TOWER + 1)
        if self.detector == EMCAL:
            return range(geometry.EMCAL_FIRST_TOWER_ID, LARGEST_TOWER + 1)
        return range(self.detector * size, (self.detector + 1) * size)

    def subject(self) -> str:
        """Return what this event is about: another content with the same subject contradicts it."""
        if self.kind in _OF_RUNS:
            return f"{self.kind} {self.run_number}"
        if self.kind is Kind.NOTE:
            # several people may note something at one time
            return f"{self.at.isoformat()} note {self.digest()[:16]}"
        for name in ("detector", "half_sector", "tower_id"):
            if (number := getattr(self, name)) is not None:
                return f"{self.at.isoformat()} {self.kind} {name} {number}"
        return f"{self.at.isoformat()} {self.kind}"

    def digest(self) -> str:
        """Return the identity of the content, however its file is spelled."""
        return hashlib.sha256(json.dumps(self.as_record(), sort_keys=True).encode()).hexdigest()

    def as_record(self) -> dict[str, Any]:
        """Return what is known as JSON values; the same for every spelling of one event."""
        value = self.said().model_dump(mode="json", exclude_none=True)
        record = self.model_dump(mode="json", exclude_none=True, exclude={"value"})
        return record | ({"value": value} if value else {})

    def file_name(self) -> str:
        """Return a name for its file; names sort by time."""
        return f"event_{self.at:%Y%m%dT%H%M%S.%fZ}_{self.kind}_{self.digest()[:12]}.json"

    def _require_towers(self, said: OffsetSetting, scoped: bool) -> None:
        if said.offset is not None and not scoped:
            raise ValueError("one offset for everything: say for which detector, half_sector or tower_id")
        strangers = sorted(set(said.offsets or ()) - set(self.towers()))
        if strangers:
            raise ValueError(f"offsets of towers that the event does not concern: {strangers[:5]}")
