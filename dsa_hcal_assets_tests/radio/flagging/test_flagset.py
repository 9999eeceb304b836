"""The flag product survives storage and refuses sets it was not made for."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.flagging.flagset import FILE_NAME, FlagSet
from dsa_hcal_assets.radio.flagging.working_copy import CopyFailed, working_copy
from dsa_hcal_assets_tests.radio.conftest import Chain


@given(mask=arrays.arrays(bool, arrays.array_shapes(min_dims=3, max_dims=3, max_side=9)))
def test_any_flags_come_back_as_they_were(mask: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:  # type: ignore[type-arg]
    directory = tmp_path_factory.mktemp("flags")
    FlagSet({0: mask, 3: ~mask}).save(directory)
    loaded = FlagSet.load(directory).masks
    assert set(loaded) == {0, 3}
    assert (loaded[0] == mask).all()
    assert (loaded[3] == ~mask).all()


def test_flags_are_packed(tmp_path: Path) -> None:
    mask = np.random.default_rng(1).random((1000, 64, 2)) < 0.5
    assert FlagSet({0: mask}).save(tmp_path).stat().st_size < mask.size / 8 * 1.05


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04truncated"])
def test_a_damaged_product_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(BadInput, match=r"flag product .*flags.npz cannot be read"):
        FlagSet.load(tmp_path)


def test_a_missing_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="make the flags of the group again"):
        FlagSet.load(tmp_path / "absent.npz")


@pytest.mark.radio
class TestOnAMeasurementSet:
    def test_flags_reach_the_copy_and_not_the_original(self, drift: Chain, tmp_path: Path) -> None:
        before = FlagSet.of_ms(drift.ms).masks
        wanted = FlagSet({key: np.indices(mask.shape).sum(axis=0) % 3 == 0 for key, mask in before.items()})
        with working_copy(drift.ms, tmp_path) as copy:
            wanted.apply_to(copy)
            found = FlagSet.of_ms(copy).masks
            assert all((found[key] == mask).all() for key, mask in wanted.masks.items())
        after = FlagSet.of_ms(drift.ms).masks
        assert all((after[key] == mask).all() for key, mask in before.items())
        assert list(tmp_path.iterdir()) == []

    def test_flags_of_another_set_are_refused_and_nothing_is_written(
        self, drift: Chain, tmp_path: Path
    ) -> None:
        mask = FlagSet.of_ms(drift.ms).masks[0]
        with working_copy(drift.ms, tmp_path) as copy:
            with pytest.raises(BadInput, match="flags do not belong to"):
                FlagSet({0: np.ones((mask.shape[0], mask.shape[1] - 1, 2), dtype=bool)}).apply_to(copy)
            assert (FlagSet.of_ms(copy).masks[0] == mask).all()

    def test_a_copy_that_cannot_be_made_is_a_transient_failure(self, drift: Chain, tmp_path: Path) -> None:
        with pytest.raises(CopyFailed), working_copy(drift.home / "absent.ms", tmp_path):
            pass
        assert CopyFailed.transient

    def test_simulated_noise_is_hardly_flagged(self, drift: Chain) -> None:
        """The science signal is not eaten: nothing but noise and sources is in there."""
        found = {one["name"]: one["value"] for one in drift.flags["metrics"]}
        assert found["flagged_fraction"] < 0.002
        assert found["working_antennas"] == 20
        assert found["noise_kurtosis"] == pytest.approx(3, abs=0.6)
