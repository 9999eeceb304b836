"""Polling the controllers: connections, one board's readings, the cycle, the job.

Belongs here: sockets, deadlines and the acquisition loop. Not here: what bytes mean
(hcal/protocol.py), the file they end in (hcal/snapshot.py), generic scheduling (daq/).
"""
