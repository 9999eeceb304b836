"""Live copies and wake-ups between the jobs of one supervisor, through one proxy process.

Belongs here: what may be lost, and is then counted. Not here: what must not be lost; that lies in the
producers' streams (`daq.streams`), and no death of the broker touches it.
"""
