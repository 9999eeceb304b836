"""How many events of a run are looked at together."""

from dsa_hcal_assets.hcal.analysis_runs.run_file import RunFile
from dsa_hcal_assets.settings.runs import RunSettings

BYTES_A_SAMPLE = 10  # as stored, as single precision, and a copy while sums are made
LEAST_EVENTS = 8  # fewer have no median worth the name


def events_a_batch(run: RunFile, settings: RunSettings) -> int:
    """Return the events of a batch: as many as the settings say, fewer where memory does not hold them."""
    bytes_an_event = BYTES_A_SAMPLE * len(run.tower_id) * run.samples
    fitting = int(settings.memory_mib * 2**20 / bytes_an_event)
    return max(LEAST_EVENTS, min(settings.batch_events, fitting))
