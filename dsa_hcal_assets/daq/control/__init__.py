"""Orders from outside: authenticated, carried out by the supervisor, written down.

Belongs here: requests, the two ends of the encrypted connection, the audit. Not here: what an order does
(`daq.supervisor.orders`).
"""
