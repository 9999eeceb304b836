"""Maps of calibration solutions show the phases there are, and never paint a solution white."""

import numpy as np
import pytest

from dsa_hcal_assets.radio.calibration.figures import _phase_scale


def plane(largest_deg: float) -> np.ndarray:
    phases = np.radians(np.linspace(-largest_deg, largest_deg, 200)).reshape(10, 20)
    return np.exp(1j * phases)


@pytest.mark.parametrize(("largest_deg", "edge"), [(1, 5), (14, 15), (33, 35), (170, 180)])
def test_the_scale_fits_the_phases(largest_deg: float, edge: float) -> None:
    _, limits = _phase_scale([plane(largest_deg)])
    assert limits == (-edge, edge)


def test_missing_solutions_do_not_count() -> None:
    gains = plane(8)
    gains[3] = np.nan
    assert _phase_scale([gains])[1] == (-10, 10)
    assert _phase_scale([np.full((2, 2), np.nan, dtype=complex)])[1] == (-180, 180)


@pytest.mark.parametrize("largest_deg", [5, 170])
def test_zero_phase_is_dark(largest_deg: float) -> None:
    from matplotlib import colormaps

    name, _ = _phase_scale([plane(largest_deg)])
    assert sum(colormaps[name](0.5)[:3]) < 1
