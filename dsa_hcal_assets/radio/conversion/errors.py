"""What can stop a conversion."""

from dsa_hcal_assets.errors import BadInput, ConfigurationError, TransientError
from dsa_hcal_assets.radio.ingest.errors import BadHeader


class NoEarthOrientation(ConfigurationError):
    """The installed IERS table does not cover the observation: positions would be wrong."""


class UnsuitablePhase(BadInput):
    """The files' phase type is not what the profile says, or cannot be brought to the centre asked for."""


class NotDirect(BadHeader):
    """The files are sound, but need something of a Measurement Set that only pyuvdata's writer writes."""


class SubbandChanged(TransientError):
    """A file was written to, or replaced, while it was converted."""
