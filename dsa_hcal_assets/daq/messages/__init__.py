"""What travels between jobs: one message, its frame of bytes, and how values become payloads.

Belongs here: formats. Not here: where messages wait (`daq.streams`) or who gets them (`daq.broker`).
"""
