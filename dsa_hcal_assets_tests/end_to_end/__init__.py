"""The few tests of the whole platform at work: real services, real input, real faults.

Belongs here: what only shows when all rooms work together. Not here: what one room can show alone.
One stack runs at a time; each module starts its own, because the faults of one would disturb another.
"""
