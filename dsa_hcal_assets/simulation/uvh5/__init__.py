"""A DSA-110 drift-scan group with known truth: 16 UVH5 subbands as the correlator writes them.

Belongs here: what is chosen (`setup`), the array (`array`), the sky (`sky`), interference
(`interference`), what the instrument does to them (`instrument`), how they come together
(`schedule`, `geometry`, `observation`, `waves`, `correlation`), and the files with their truth
(`group`, `header`, `truth`). Geometry comes from pyuvdata, not from the platform's converter, so that
one checks the other.
"""
