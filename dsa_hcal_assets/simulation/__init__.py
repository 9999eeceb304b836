"""Simulated sources of data with known truth: controllers, telescope, rig.

Imported by the CLI, the demo and tests alone; never at run time by the rooms that read real data.
"""
