"""Facts of a stage reach Dagster as they are, numpy's numbers as numbers."""

import math

import dagster as dg
import numpy as np
import pytest

from dsa_hcal_assets.orchestration.stage import _plain


@pytest.mark.parametrize("fact", [3, 2.5, True, "three", {"a": [1]}, dg.MetadataValue.md("x")])
def test_what_is_plain_stays_as_it_is(fact):
    assert _plain(fact) is fact


@pytest.mark.parametrize(
    ("fact", "kind"),
    [(np.float64(2.5), float), (np.float32(2.5), float), (np.int64(2), int), (np.uint8(2), int)],
)
def test_numpys_numbers_become_pythons(fact, kind):
    """Dagster takes numpy.float64 for a float, and then cannot store it: the whole run would fail."""
    assert type(_plain(fact)) is kind
    assert _plain(fact) == fact


def test_nan_stays_nan():
    assert math.isnan(_plain(np.float64("nan")))
