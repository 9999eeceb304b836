"""Data-asset platform for DSA-110 continuum imaging and sPHENIX calorimeter detector state."""

from importlib.metadata import version

__version__ = version("dsa_hcal_assets")
