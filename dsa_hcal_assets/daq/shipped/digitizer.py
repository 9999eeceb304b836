"""Job type `digitizer`: blocks of samples from any board, written by its driver into the stream itself."""

from typing import Any

from pydantic import Field

from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.daq.shipped.digitizer_driver import Block, BlockForm, DigitizerDriver, make_driver


class DigitizerConfig(JobConfig):
    """Keys of a digitizer."""

    interval: Duration = 0.001
    """Time between two looks for blocks."""
    topic: str = "samples"
    """Topic of the blocks: arrays of the driver's type and shape."""
    driver: str = "dsa_hcal_assets.daq.shipped.simulated_digitizer:SimulatedDigitizer"
    """The driver's class, `package.module:Class` (see `digitizer_driver`)."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the driver is told: address of the board, channels, thresholds ..."""
    burst: int = Field(256, ge=1)
    """Blocks read before the job looks for orders again."""
    wait: Duration = 0.1
    """How long a step waits for the first block."""


class Digitizer(Job[DigitizerConfig]):
    """Sends every block with the driver's facts and the attributes `block` and `overflows`."""

    Config = DigitizerConfig
    _driver: DigitizerDriver | None = None
    _form: BlockForm

    def setup(self) -> None:
        """Open the board and arm it."""
        self._driver = make_driver(self.config.driver, self.config.options)
        self._form = self._driver.open()
        self._overflows = 0

    def step(self) -> None:
        """Read what is ready."""
        driver = self._driver
        if driver is None:
            return
        wait = self.config.wait
        for _ in range(self.config.burst):
            block = None if self.stopping.is_set() else driver.wait(wait)
            if block is None:
                return
            self._send_block(driver, block)
            wait = 0.0

    def teardown(self) -> None:
        """Let go of the board."""
        if self._driver is not None:
            self._driver.close()

    def _send_block(self, driver: DigitizerDriver, block: Block) -> None:
        form = self._form
        facts = {**form.facts, **block.facts, "block": block.number, "overflows": block.overflows}
        with self.loan(
            self.config.topic, form.length, dtype=form.dtype, shape=list(form.shape), **facts
        ) as place:
            driver.read_into(place)
        if block.overflows > self._overflows:
            self.log.warning("the board has lost %d blocks so far", block.overflows)
            self._overflows = block.overflows
