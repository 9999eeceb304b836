"""What can go wrong with services as a whole."""

from dsa_hcal_assets.errors import ConfigurationError, TransientError


class AlreadyRunning(ConfigurationError):
    """Another supervisor serves the same state directory."""


class PortBusy(ConfigurationError):
    """A port a service should listen on is taken."""


class ServiceFailed(TransientError):
    """A service did not come up, or keeps ending."""
