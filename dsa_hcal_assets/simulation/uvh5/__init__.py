"""A DSA-110 drift-scan group with known truth: 16 UVH5 subbands as the correlator writes them.

Belongs here: the array (`array`), the sky (`sky`), what the instrument does to it (`instrument`)
and the files (`group`). Geometry comes from pyuvdata, not from the platform's converter, so that
one checks the other.
"""
