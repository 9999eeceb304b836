"""Which jobs run, who reads whom, and what happens when one ends.

Belongs here: the directory of TOML files, the plan made of it, processes started, watched and restarted,
the status. Not here: what a job does (`daq.jobs`), how orders reach the supervisor (`daq.control`).
"""
