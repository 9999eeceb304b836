"""Detector state of the electromagnetic calorimeter: 24,576 towers behind 384 interface boards.

Belongs here: its geometry, the map of its boards, what they say, the snapshot file, loading, reading.
Not here: sockets and cycles (hcal/acquisition), ledger and transactions (hcal/snapshots), simulated
boards (simulation/emcal).
"""
