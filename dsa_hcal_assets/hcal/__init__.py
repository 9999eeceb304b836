"""Detector state of the hadronic calorimeter: from its controllers' bytes to tower tables.

Belongs here: the controllers' protocol and acquisition, the snapshot file, the channel map,
control-plane events, loading, rollups, the QA report. Not here: Dagster (orchestration/), anything
that knows another instrument, simulated controllers (simulation/boards/).
"""
