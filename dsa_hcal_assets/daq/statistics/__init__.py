"""What jobs count about themselves, and the tables made of it.

Belongs here: counts, bytes, latencies and their arithmetic, per job and route. Not here: how records
travel (`daq.broker`), or the job that writes the tables (`daq.shipped.statistics`).
"""
