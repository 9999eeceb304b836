"""Registers of digitiser and other boards, described by a table: what is read, what it means, how often.

Belongs here: the table, reading registers over two protocols, the snapshot file, loading, judging.
Not here: what any particular board's registers are; that is a TOML file of the installation.
"""
