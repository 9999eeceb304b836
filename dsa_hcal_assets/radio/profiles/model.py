"""What a profile says about a telescope and the files its correlator writes."""

import re
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dsa_hcal_assets.clock import parse_group_key
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.profiles.processing import Calibration, Flagging, Imaging

InputPhase = Literal["meridian", "zenith", "phased"]
PhaseCentrePolicy = Literal["midpoint", "meridian", "header", "calibrator"]
UvwSource = Literal["antennas", "file"]
SpwLayout = Literal["single", "per-subband"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Subbands(_Section):
    """How one observation group is spread over files."""

    count: int = Field(ge=1, le=512, description="Files a complete group has")
    order: Literal["ascending", "descending"] = Field(description="Frequency order of the numbered subbands")
    name_pattern: str = Field(description="Regular expression with groups `stamp` and `index`")
    band_hz: tuple[float, float] | None = Field(
        None, description="Lower and upper edge of the band; given, the index is checked against frequency"
    )

    @field_validator("name_pattern")
    @classmethod
    def _names_both_parts(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        if not {"stamp", "index"} <= set(groups):
            raise ValueError("the pattern needs the named groups `stamp` and `index`")
        return pattern

    @model_validator(mode="after")
    def _band_ascends(self) -> Self:
        if self.band_hz is not None and not 0 < self.band_hz[0] < self.band_hz[1]:
            raise ValueError("band_hz needs two positive, ascending edges")
        return self

    def index_of_name(self, name: str) -> int | None:
        """Return the subband number in a file name, or None when the name is not a subband's."""
        found = re.fullmatch(self.name_pattern, name)
        return int(found["index"]) if found and found["index"].isdecimal() else None

    def stamp_of_name(self, name: str) -> datetime | None:
        """Return the time stamp (UTC) in a file name, or None when the name has none."""
        found = re.fullmatch(self.name_pattern, name)
        try:
            return parse_group_key(found["stamp"]) if found else None
        except ValueError:
            return None

    def index_of_frequency(self, mean_hz: float) -> int | None:
        """Return the subband number a mean frequency (Hz) belongs to; None without a fixed band."""
        if self.band_hz is None:
            return None
        low, high = self.band_hz
        position = int((mean_hz - low) / (high - low) * self.count // 1)
        return self.count - 1 - position if self.order == "descending" else position


class StationFile(_Section):
    """Packaged table of station coordinates (geodetic, WGS84)."""

    file: str = Field(description="CSV beside the profile, or beside the shipped profiles")
    source: str = Field(description="Where the coordinates come from")
    name_prefix: str = Field(description="What precedes the number in the station column")
    antenna_number_offset: int = Field(description="Antenna number in headers = station number + this")
    default_elevation_m: float = Field(description="Elevation of stations without one, m")
    tolerance_m: float = Field(
        0.05, gt=0, description="Largest allowed distance from the header's position, m"
    )


class Conversion(_Section):
    """How correlator data become a Measurement Set."""

    input_phase: InputPhase = Field(
        description="meridian: fringe-stopped to the pointing's fixed hour angle and declination; zenith: "
        "no delay was ever inserted; phased: to fields on the sky. The header has to agree"
    )
    phase_centre: PhaseCentrePolicy = Field(
        description="midpoint: one centre, the meridian at mid-time; meridian: a field an integration; "
        "header: the fields of the file; calibrator: the calibrator in the beam, midpoint when there is none"
    )
    spw_layout: SpwLayout = Field(description="One spectral window for all subbands, or one each")
    uvw: UvwSource = Field(
        "antennas", description="Of phased data: (u, v, w) from antenna positions, or those of the file"
    )
    weight_spectrum: bool = Field(False, description="Also write WEIGHT_SPECTRUM")
    scratch_columns: bool = Field(
        False, description="Also write MODEL_DATA (1 Jy) and CORRECTED_DATA (= DATA)"
    )


class Profile(_Section):
    """A telescope: names, files, geometry and the processing choices that suit it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Short name used in tables and overrides")
    telescope_names: tuple[str, ...] = Field(min_length=1, description="Names found in headers")
    casa_name: str = Field(description="Name in casacore's Observatories table, written to the MS")
    beam_name: str = Field(description="Name by which WSClean and EveryBeam know the telescope")
    dish_diameter_m: float = Field(gt=0, description="Dish diameter, m")
    mount: str = Field("ALT-AZ", description="Antenna mount as CASA spells it")
    sefd_jy: float = Field(gt=0, description="System equivalent flux density of one antenna, Jy")
    subbands: Subbands
    stations: StationFile | None = None
    conversion: Conversion
    flagging: Flagging
    calibration: Calibration
    imaging: Imaging

    def converting(self, **choices: Any) -> Self:
        """Return the profile with those of `choices` that are not None in its section `conversion`.

        Raises
        ------
        ConfigurationError
            For a key or a value the section does not have.
        """
        wanted = {name: value for name, value in choices.items() if value is not None}
        try:
            conversion = Conversion.model_validate({**self.conversion.model_dump(), **wanted})
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigurationError(
                f"conversion.{'.'.join(str(step) for step in first['loc'])} cannot be {first['input']!r}",
                expected=first["msg"],
            ) from error
        return self.model_copy(update={"conversion": conversion})

    @cached_property
    def header_names(self) -> frozenset[str]:
        """Telescope names in lower case, for matching."""
        return frozenset(name.lower() for name in self.telescope_names)
