"""What was done to the detector and when: LED, test pulse, gain, offsets, runs, power cuts, notes.

Belongs here: the event and its file, its way through the ledger into `hcal.event`, and what follows
from it (set points, the list of runs). Not here: doing any of it to the detector.
"""
