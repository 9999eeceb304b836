"""The predicted noise against noise that is weighted and summed, sample by sample."""

import math

import numpy as np
import pytest

from dsa_hcal_assets.radio.imaging.exposure import Samples
from dsa_hcal_assets.radio.imaging.imager import ImageParameters
from dsa_hcal_assets.radio.imaging.weighting import expected_noise_jy

ROWS, CHANNELS, SEFD = 400, 4, 6500.0


def samples(seed: int = 3, hands: int = 2) -> Samples:
    """Baselines crowded towards the centre, as those of a T are."""
    rng = np.random.default_rng(seed)
    uvw = rng.normal(0, 1, (ROWS, 3)) * rng.choice([50.0, 600.0], (ROWS, 1))
    shape = (ROWS, CHANNELS)
    return Samples(
        uvw,
        np.repeat(np.arange(ROWS // 20), 20.0).astype(float),
        np.full(ROWS, 12.88),
        np.linspace(1.3e9, 1.5e9, CHANNELS),
        np.full(CHANNELS, 1e6),
        np.full(shape, float(hands), np.float32),
        np.full(shape, hands, np.int8),
    )


def parameters(robust: float, shortest: float = 0.0) -> ImageParameters:
    return ImageParameters(imsize=256, cell_arcsec=6, robust=robust, uvrange_lambda=shortest)


@pytest.mark.parametrize("hands", [1, 2])
def test_natural_weights_have_the_radiometers_noise(hands: int) -> None:
    natural = SEFD / math.sqrt(2 * hands * ROWS * CHANNELS * 1e6 * 12.88)
    # robust 2 is within some per cent of natural
    assert expected_noise_jy([samples(hands=hands)], SEFD, parameters(2)) == pytest.approx(natural, rel=0.03)


def test_more_uniform_weights_are_noisier() -> None:
    noise = [expected_noise_jy([samples()], SEFD, parameters(robust)) for robust in (2, 0.5, 0, -2)]
    assert noise == sorted(noise)
    assert noise[3] > 1.2 * noise[0]


def test_what_is_flagged_or_too_short_does_not_count() -> None:
    whole = samples()
    assert math.isnan(expected_noise_jy([whole], SEFD, parameters(0.5, 1e9)))
    flagged = whole.weight.copy()
    flagged[::2] = 0
    half = Samples(whole.uvw_m, whole.time_s, whole.exposure_s, whole.frequency_hz, whole.width_hz,
                   flagged, np.where(flagged > 0, 2, 0).astype(np.int8))  # fmt: skip
    ratio = expected_noise_jy([half], SEFD, parameters(2)) / expected_noise_jy([whole], SEFD, parameters(2))
    assert ratio == pytest.approx(math.sqrt(2), rel=0.03)


def test_windows_are_weighted_together() -> None:
    both = [samples(3), samples(4)]
    assert expected_noise_jy(both, SEFD, parameters(2)) == pytest.approx(
        expected_noise_jy(both[:1], SEFD, parameters(2)) / math.sqrt(2), rel=0.03
    )
