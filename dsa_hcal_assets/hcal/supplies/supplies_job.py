"""Job type `hcal_supplies`: the power supplies, polled as a job of the acquisition framework."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar

from dsa_hcal_assets.daq.jobs import Duration
from dsa_hcal_assets.hcal.acquisition.polling import Polling
from dsa_hcal_assets.hcal.acquisition.polling_job import PollingJob, PollingJobConfig
from dsa_hcal_assets.hcal.supplies.polling import supply_polling
from dsa_hcal_assets.hcal.supplies.readings import SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.units import read_units


class HcalSuppliesConfig(PollingJobConfig):
    """Keys of a job that polls power supplies."""

    interval: Duration = 60.0
    """Time between the starts of two cycles; a supply may be due in every n-th only (`every`)."""
    supplies_file: Path
    """TOML list of supplies (mpod, lv_crate, meter)."""


class HcalSupplies(PollingJob[HcalSuppliesConfig, SupplySnapshot]):
    """Reads the supplies that are due at every step and writes one snapshot file; sets nothing."""

    Config = HcalSuppliesConfig
    TOPIC: ClassVar[str] = "hcal.supplies"
    source = SUPPLIES

    def open(self) -> AbstractAsyncContextManager[Polling[SupplySnapshot]]:
        """Read the list of supplies and return the polling of them."""
        config = self.config
        units = read_units(config.supplies_file)
        return supply_polling(units, config.directory, config.deadlines, config.unsaved_snapshots)
