"""A call of a worker under the profiler: what is asked for in place of the function itself."""

from collections.abc import Mapping
from pathlib import Path

from dsa_hcal_assets.observability.profiling import profiled
from dsa_hcal_assets.workers.job import resolve
from dsa_hcal_assets.workers.protocol import JSON

FUNCTION = f"{__name__}:call"
_PACKAGES = ("dsa_hcal_assets",)


def call(function: str, arguments: Mapping[str, JSON], profile: str) -> JSON:
    """Call `function` of the platform and leave its profile at `profile`."""
    called = resolve(function, _PACKAGES)
    with profiled(Path(profile)):
        return called(**arguments)
