"""Fixtures of the whole-platform tests."""

from dsa_hcal_assets_tests.services.conftest import passable_directory

__all__ = ["passable_directory"]
