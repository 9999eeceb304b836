"""What can be wrong with a Measurement Set that was delivered."""

from dsa_hcal_assets.errors import BadInput, TransientError


class NotAMeasurementSet(BadInput):
    """The directory holds something else: another kind of table, or no table at all."""


class MissingParts(BadInput):
    """A Measurement Set without a column or subtable that processing needs, or with one elsewhere."""


class EmptyMeasurementSet(BadInput):
    """A Measurement Set without rows, antennas or fields."""


class UnreadableTimes(BadInput):
    """Times that are no times, or on a scale that cannot be brought to UTC."""


class HalfCopied(BadInput):
    """Parts that the tables announce are not there, or end early: a copy going on, or given up."""


class ArchiveChanged(BadInput):
    """The set is no longer the one that was announced or accepted."""


class BadReference(BadInput):
    """A reference that cannot be read, or leads to no directory."""


class LockedMeasurementSet(TransientError):
    """Another process is writing into the set."""
