"""Radio interferometer data: from correlator files to calibrated images.

Belongs here: domain code of the radio instrument, usable from a notebook without Dagster.
``profiles`` holds facts about telescopes, ``ingest`` reads headers and groups subbands,
``conversion`` writes Measurement Sets, ``flagging``, ``calibration``, ``imaging`` and ``report``
work on them. Not here: orchestration, other instruments, simulated data.
"""
