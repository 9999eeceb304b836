"""One interface over two programs: same words, same failures."""

from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.errors import BadInput, ConfigurationError
from dsa_hcal_assets.radio.imaging.imager import ImageParameters, choose_imager
from dsa_hcal_assets.radio.imaging.selection import channel_mask, channels_of
from dsa_hcal_assets.radio.imaging.wsclean import arguments
from dsa_hcal_assets.radio.profiles.loading import load_profiles

DSA, VLA = (load_profiles()[name].imaging for name in ("dsa110", "vla"))


class TestChoice:
    @pytest.fixture
    def programs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    def test_wsclean_when_installed(self, programs: Path) -> None:
        (programs / "wsclean").touch(mode=0o755)
        assert choose_imager("auto") == "wsclean"
        assert choose_imager("tclean") == "tclean"

    def test_tclean_otherwise(self, programs: Path) -> None:
        assert choose_imager("auto") == "tclean"

    def test_asking_for_what_is_not_there_says_what_to_do(self, programs: Path) -> None:
        with pytest.raises(ConfigurationError, match="apt-get install wsclean"):
            choose_imager("wsclean")


class TestParameters:
    def test_the_profiles_choices(self) -> None:
        parameters = ImageParameters.of_profile(DSA)
        assert (parameters.imsize, parameters.cell_arcsec, parameters.wide_field) == (4800, 3.0, True)
        assert not ImageParameters.of_profile(VLA).wide_field

    def test_settings_replace_them_where_given(self) -> None:
        parameters = ImageParameters.of_profile(DSA, imsize=512, robust=None)
        assert (parameters.imsize, parameters.robust) == (512, 0.5)

    def test_a_wrong_value_is_refused(self) -> None:
        with pytest.raises(ValueError, match="robust"):
            ImageParameters.of_profile(DSA, robust=3)

    def test_wsclean_gets_them_all(self) -> None:
        command = " ".join(arguments(ImageParameters.of_profile(DSA, niter=7), Path("/x/out")))
        for words in ("-size 4800 4800", "-scale 3.0asec", "-weight briggs 0.5", "-niter 7", "-minuv-l 1000"):
            assert words in command
        assert "-channel-range" not in command

    def test_wsclean_takes_a_part_of_the_band(self) -> None:
        parameters = ImageParameters.of_profile(DSA, channel_range=(72, 120))
        assert "-channel-range 72 120" in " ".join(arguments(parameters, Path("/x/out")))

    def test_the_survey_preset_is_deep_multi_scale_and_spectral(self) -> None:
        for imaging in (DSA, VLA):
            survey = ImageParameters.of_profile(imaging, **imaging.of_preset("survey"))
            assert (survey.robust, survey.niter, survey.nterms) == (0, 10000, 2)
            assert survey.scales == (0, 5, 15, 45)
            command = " ".join(arguments(survey, Path("/x/out")))
            assert "-multiscale -multiscale-scales 0,5,15,45" in command
            assert "-join-channels -channels-out 4 -fit-spectral-pol 2" in command

    def test_the_standard_and_the_quicklook_are_the_operators(self) -> None:
        standard = ImageParameters.of_profile(DSA)
        assert (standard.niter, standard.threshold_jy, standard.mgain) == (1000, 0.005, 0.8)
        assert (standard.mask_sigma, standard.stop_sigma, standard.uvrange_lambda) == (5, 1, 1000)
        quick = ImageParameters.of_profile(DSA, **DSA.of_preset("quicklook"))
        assert (quick.imsize, quick.cell_arcsec, quick.niter, quick.nterms) == (2100, 6, 300, 1)


class TestChannels:
    def test_ranges_are_inclusive(self) -> None:
        assert list(np.flatnonzero(channel_mask("1~2;5", 8))) == [1, 2, 5]
        assert channel_mask("", 8).all()

    @pytest.mark.parametrize("ranges", ["3~1", "a", "0~8", "-1", "1-2"])
    def test_what_cannot_be_a_range_is_refused(self, ranges: str) -> None:
        with pytest.raises(ConfigurationError, match="channel range"):
            channel_mask(ranges, 8)

    def test_line_free_channels_are_the_galaxys_only(self) -> None:
        assert channels_of("N5921_2", VLA.channels) == "4~6;50~59"
        assert channels_of("1445+09900002_0", VLA.channels) == ""


@pytest.mark.radio
def test_a_group_without_a_wanted_field_is_refused(tmp_path: Path, vla) -> None:  # type: ignore[no-untyped-def]
    from dsa_hcal_assets.radio.imaging.selection import fields_to_image

    with pytest.raises(BadInput, match=r"no field of group.ms is to be imaged.*N5921"):
        fields_to_image(vla.ms, ("M31*",), 3)
    assert [one.name for one in fields_to_image(vla.ms, ("*",), 2)] == ["1331+30500002_0", "1445+09900002_0"]
