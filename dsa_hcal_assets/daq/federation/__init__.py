"""Links between supervisors on several machines.

Belongs here: how streams and chosen live topics of one supervisor reach another over TCP, encrypted, each
message once. Not here: what happens inside a machine (`daq.broker`, `daq.streams`).
"""
