"""How data of a telescope are flagged, calibrated and imaged: defaults of its pipeline."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Flagging(_Section):
    """Order and limits of flagging."""

    clip_zeros: bool = Field(True, description="Flag visibilities that are exactly zero")
    autocorrelations: bool = Field(True, description="Flag autocorrelations for the solves")
    clip_max: float | None = Field(
        None, gt=0, description="Upper limit of cross amplitudes, unit of the data"
    )
    quack_seconds: float = Field(0.0, ge=0, description="Flag this long at the start of each scan, s")
    edge_channels: int = Field(0, ge=0, description="Channels flagged at each edge of a spectral window")
    dead_antenna_fraction: float = Field(
        0.95, gt=0, le=1, description="An antenna flagged above this is dead"
    )
    method: Literal["auto", "sumthreshold", "aoflagger", "tfcrop", "none"] = Field(
        "auto",
        description="Search for interference. sumthreshold: our own; aoflagger: the program; tfcrop: CASA's; "
        "none: no search; auto: sumthreshold",
    )
    sumthreshold_sigma: float = Field(
        6.0, gt=0, description="SumThreshold's limit of a single sample, robust sigma"
    )
    tfcrop_timecutoff: float = Field(4.0, gt=0, description="tfcrop time threshold, sigma")
    tfcrop_freqcutoff: float = Field(4.0, gt=0, description="tfcrop frequency threshold, sigma")
    search_wall_seconds: float = Field(600.0, gt=0, description="Wall limit of AOFlagger, s")
    mad_sigma: float | None = Field(7.0, gt=0, description="MAD clip of cross amplitudes, sigma; none: off")
    extend: bool = Field(True, description="Extend flags in time, frequency and polarisation")


class Calibration(_Section):
    """Which source calibrates, and how the solutions are made and how long they hold."""

    solver: Literal["auto", "direct", "casa"] = Field(
        "auto",
        description="direct: our own, one pass over the data; casa: gaincal and bandpass; auto: direct for "
        "one calibrator whose gains hold for the group, casa for all else",
    )
    flux_standard: str = Field("Perley-Butler 2017", description="setjy standard")
    selection: Literal["field", "transit"] = Field(
        description="field: by field names; transit: a catalogue source crossing the meridian in the group"
    )
    # selection = "field": shell patterns of FIELD names
    bandpass_fields: tuple[str, ...] = Field(
        (), description="Fields with a standard model: bandpass and flux scale"
    )
    gain_fields: tuple[str, ...] = Field((), description="Secondary calibrators: gains, flux by transfer")
    # selection = "transit"
    match_radius_deg: float = Field(
        1.0, gt=0, description="Largest distance of a calibrator from the pointing, deg"
    )
    match_top: int = Field(3, ge=1, description="Candidates kept")
    min_flux_jy: float = Field(1.0, gt=0, description="Faintest catalogue flux considered, Jy")
    reference_antennas: tuple[str, ...] = Field(
        (), description="Station names in order of preference; empty: centre"
    )
    delay: bool = Field(False, description="Solve and apply K; otherwise it is a diagnostic only")
    prebandpass_solint: str = Field(
        "60s", description="Interval of the phase solve used in the bandpass solve"
    )
    gain_solint: str = Field("inf", description="Interval of the amplitude and phase solve")
    short_solint: str | None = Field(
        None, description="Interval of a second gain solve, when there is to be one"
    )
    uvrange_lambda: float = Field(0.0, ge=0, description="Shortest baseline used in solves, wavelengths")
    bandpass_minsnr: float = Field(5.0, ge=0, description="Minimum SNR of bandpass solutions")
    gain_minsnr: float = Field(3.0, ge=0, description="Minimum SNR of gain solutions")
    minblperant: int = Field(4, ge=1, description="Fewest baselines of an antenna in a solve")
    fillgaps: int = Field(3, ge=0, description="Channels interpolated over in the bandpass")
    bandpass_validity_hours: float = Field(
        24.0, gt=0, description="Bandpass holds this long around its time, h"
    )
    declination_tolerance_deg: float = Field(
        2.0,
        gt=0,
        description="A set is applied to data of a declination up to this far from its own, deg. A station "
        "5 cm from where it is believed to be turns phases at 1.4 GHz by 1.5 deg for each degree",
    )
    gain_validity_hours: float = Field(1.0, gt=0, description="Gains hold this long around their time, h")
    field_model: bool = Field(
        False,
        description="Solve again with the other sources of the beam in the model, found in an image and "
        "fitted to the visibilities, until their flux densities have settled",
    )
    average_bandwidth_hz: float = Field(
        0.0,
        ge=0,
        description="Channels of the calibrated set are averaged up to this width, Hz; 0: not at all. "
        "Time is never averaged.",
    )


class ImagingPreset(_Section):
    """What another image than the standard one does differently; None: as the standard."""

    imsize: int | None = Field(None, ge=64, le=16384, description="Side, pixels")
    cell_arcsec: float | None = Field(None, gt=0, description="Pixel size, arcsec")
    robust: float | None = Field(None, ge=-2, le=2, description="Briggs robustness")
    niter: int | None = Field(None, ge=0, description="Clean iterations")
    threshold_jy: float | None = Field(None, ge=0, description="Clean threshold, Jy/beam")
    scales: tuple[int, ...] | None = Field(None, description="Scales of multi-scale clean, pixels")
    nterms: int | None = Field(None, ge=1, le=3, description="Terms of the spectrum that clean fits")


class Imaging(_Section):
    """The standard image of a group."""

    imsize: int = Field(ge=64, le=16384, description="Side, pixels")
    cell_arcsec: float = Field(gt=0, description="Pixel size, arcsec")
    robust: float = Field(0.5, ge=-2, le=2, description="Briggs robustness")
    niter: int = Field(1000, ge=0, description="Clean iterations")
    threshold_jy: float = Field(0.005, ge=0, description="Clean threshold, Jy/beam")
    mask_sigma: float = Field(5.0, gt=0, description="Clean starts where peaks exceed this times the noise")
    stop_sigma: float = Field(1.0, gt=0, description="Clean stops at this times the noise, inside its mask")
    mgain: float = Field(0.8, gt=0, le=1, description="Share of the peak cleaned before the next pass")
    scales: tuple[int, ...] = Field((), description="Scales of multi-scale clean, pixels; none: points only")
    nterms: int = Field(1, ge=1, le=3, description="Terms of the spectrum that clean fits; 1: flat")
    uvrange_lambda: float = Field(0.0, ge=0, description="Shortest baseline imaged, wavelengths")
    averaging_lambda: float = Field(
        0.0, ge=0, description="Way in the uv plane WSClean averages each baseline over, wavelengths; 0: none"
    )
    gridding_accuracy: float = Field(1e-4, ge=1e-6, le=1e-2, description="Accuracy of WSClean's gridder")
    stokes: str = Field("I", description="Stokes parameters")
    pblimit: float = Field(
        0.2, description="Primary beam level at which the corrected image ends; negative: none"
    )
    fields: tuple[str, ...] = Field(("*",), description="Shell patterns of FIELD names that get an image")
    channels: dict[str, str] = Field(
        {},
        description='Channels imaged by shell pattern of field name, inclusive ranges like "4~6;50~59"; '
        "fields without a pattern: all. Counted in the calibrated set, after averaging.",
    )
    beam_diameter_m: float | None = Field(
        None, gt=0, description="Diameter whose Airy disk is the primary beam, m (default: the dish)"
    )
    beam_drifts: bool = Field(
        False, description="The dishes stand still: the beam crosses the image while the group is observed"
    )
    max_images: int = Field(8, ge=1, description="Most fields of one group that get an image")
    presets: dict[str, ImagingPreset] = Field(
        {}, description="Other images by name, as `DSA_HCAL_RADIO__IMAGE_PRESET` chooses them"
    )

    def of_preset(self, name: str) -> dict[str, Any]:
        """Return what preset `name` changes; nothing for the standard image, or one the profile lacks."""
        preset = self.presets.get(name)
        return preset.model_dump(exclude_none=True) if preset else {}
