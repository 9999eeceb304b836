"""Settings of LED and pedestal runs."""

from pydantic import BaseModel, ConfigDict, Field


class RunSettings(BaseModel):
    """LED and pedestal runs: when a file is whole, how it is analysed, when a tower is bad."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle_seconds: float = Field(
        30.0, ge=0, description="A run file unchanged for this long is taken for whole"
    )
    memory_mib: float = Field(192.0, gt=0, description="Memory for the samples of one batch of events, MiB")
    batch_events: int = Field(256, ge=8, description="Events of a batch, within which outliers are found")
    clip_sigma: float = Field(4.0, gt=1, description="Robust standard deviations beyond which is an outlier")
    leading_samples: int = Field(6, ge=1, description="Samples before the light pulse: the pedestal")
    dead_counts: float = Field(5.0, ge=0, description="Light pulse below which a tower is dead, ADC counts")
    dead_share: float = Field(
        0.05, ge=0, lt=1, description="The same, as share of the median tower of its detector"
    )
    dead_noise: float = Field(0.2, ge=0, description="Noise below which a tower is dead, ADC counts")
    noisy_factor: float = Field(
        4.0, gt=1, description="Noise (or relative width of light pulses) in medians of the detector: noisy"
    )
    saturated_share: float = Field(0.05, ge=0, lt=1, description="Share of saturated pulses above: saturated")
    unstable_share: float = Field(
        0.02, gt=0, description="Change of light pulses within a run, as share of them, above: unstable"
    )
    unstable_counts: float = Field(
        5.0, gt=0, description="Change of a pedestal within a run above: unstable, ADC counts"
    )
    slow_control_minutes: float = Field(
        30.0, gt=0, description="PIN diodes are taken from slow control this close to a run without its own"
    )
    most_live_keys: int = Field(2000, ge=1, description="Newest runs whose keys the Dagster UI holds")
