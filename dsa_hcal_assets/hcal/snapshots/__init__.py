"""Snapshot files of any source: their blocks, their way into the ledger and into tables, due days.

Knows no source: controllers, supplies and boards have rooms of their own.
"""
