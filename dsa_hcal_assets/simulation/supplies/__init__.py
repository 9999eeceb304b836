"""Simulated power supplies: bias crates with an SNMP agent, a low-voltage crate, a source meter.

Belongs here: what they do when asked or switched, what can be wrong with them, and the truth behind
their readings. Not here: reading them (hcal/supplies).
"""
