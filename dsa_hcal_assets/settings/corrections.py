"""Settings of gain corrections and of the bad-channel map."""

from pydantic import BaseModel, ConfigDict, Field


class CorrectionSettings(BaseModel):
    """Gain corrections of the hadronic calorimeters: coefficients, references, uncertainties, limits.

    A tower's gain is taken as proportional to 1 - k (T - Tref), with k about 1.5 to 4 % a deg C at a
    fixed bias of 4 V above breakdown (which rises by 54 to 60 mV a deg C), and to the overvoltage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval_hours: float = Field(6.0, gt=0, le=24, description="Length of the intervals of validity")
    reference_run: int | None = Field(
        None, ge=0, description="LED run gains are relative to; none: the first that passed its checks"
    )
    temperature_coefficient_ohcal: float = Field(
        0.02, ge=0, le=0.1, description="k of OHCal: relative loss of gain a deg C"
    )
    temperature_coefficient_ihcal: float = Field(
        0.02, ge=0, le=0.1, description="k of IHCal: relative loss of gain a deg C"
    )
    coefficient_error: float = Field(
        0.1, ge=0, lt=1, description="Relative uncertainty of k for a single tower"
    )
    reference_temperature_ohcal: float = Field(22.0, description="Tref of OHCal, deg C")
    reference_temperature_ihcal: float = Field(24.5, description="Tref of IHCal, deg C")
    temperature_noise: float = Field(
        0.03, ge=0, description="Uncertainty of one reading of a temperature, against others, deg C"
    )
    temperature_error: float = Field(
        0.01, ge=0, description="Uncertainty of a mean temperature that more readings do not lower, deg C"
    )
    overvoltage: float = Field(4.0, gt=0, description="Bias above breakdown, V")
    overvoltage_error: float = Field(0.3, ge=0, description="Uncertainty of the overvoltage, V")
    bias_error: float = Field(0.002, ge=0, description="Uncertainty of a change of bias, V")
    volts_per_offset: float = Field(
        0.001, description="Change of bias for one unit of a tower's bias offset, V"
    )
    light_error: float = Field(
        0.0, ge=0, description="Relative uncertainty of the light beyond what PIN diodes say"
    )
    light_error_without_diodes: float = Field(
        0.02, ge=0, description="Relative uncertainty of the light where no PIN diode saw it"
    )
    drift_per_day: float = Field(
        0.001, ge=0, description="Growth of the relative uncertainty of the drift a day since the LED run"
    )
    run_age_days: float = Field(7.0, gt=0, description="An LED run older than this is marked as too old")
    run_window_minutes: float = Field(
        45.0, gt=0, description="Temperature and bias of a run are means from this long before until after it"
    )
    least_gain: float = Field(0.5, gt=0, description="Correction below which a tower is not sane")
    most_gain: float = Field(2.0, gt=0, description="Correction above which a tower is not sane")
    warm: float = Field(30.0, description="Mean temperature above: hot, usable with care, deg C")
    hot: float = Field(35.0, description="Mean temperature above: hot, not usable, deg C")
    stuck_readings: int = Field(
        20, ge=3, description="Equal temperatures, all of a day's, from which on a reading is stuck"
    )
