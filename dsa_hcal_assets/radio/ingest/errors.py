"""What can be wrong with a subband file."""

from dsa_hcal_assets.errors import BadInput


class UnreadableSubband(BadInput):
    """The bytes are not a whole HDF5 file: empty, truncated, another format, or not permitted."""


class BadHeader(BadInput):
    """The file is HDF5, but its header lacks something, has a wrong shape or impossible values."""


class WrongSubband(BadInput):
    """The file's name and its content disagree about which subband it is."""


class InconsistentGroup(BadInput):
    """The subbands of one group do not belong together: times, antennas, band or fields differ."""
