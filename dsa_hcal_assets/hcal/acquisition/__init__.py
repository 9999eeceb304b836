"""Polling boards of any kind: connections, one board's readings, the cycle, the job.

Belongs here: sockets, deadlines, the acquisition loop, and what all boards that answer with text
share. Not here: what may be asked of one kind of board (protocol.py of its room), the file readings
end in (snapshot.py of its room), generic scheduling (daq/).
"""
