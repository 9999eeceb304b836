"""Motion is what differs from the background, in real pictures through OpenCV."""

import cv2
import numpy as np
import pytest

from dsa_hcal_assets.daq.shipped.motion import MotionDetector
from dsa_hcal_assets.daq.shipped.pictures import CameraUnavailable, VideoSource, as_jpeg

HEIGHT, WIDTH = 120, 160


def noisy(seed=0):
    return np.random.default_rng(seed).normal(90, 6, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)


def with_square(picture, x, side=24, brightness=230):
    picture = picture.copy()
    picture[40 : 40 + side, x : x + side] = brightness
    return picture


def test_the_sensors_noise_is_no_motion():
    detector = MotionDetector()

    assert max(detector.changed_fraction(noisy(seed)) for seed in range(30)) == 0


def test_the_changed_fraction_is_the_area_of_what_moved():
    detector = MotionDetector()
    for seed in range(5):
        detector.changed_fraction(noisy(seed))

    changed = detector.changed_fraction(with_square(noisy(9), x=60))

    assert changed == pytest.approx(24 * 24 / (HEIGHT * WIDTH), rel=0.3)


def test_what_stays_becomes_background():
    detector = MotionDetector(adaptation=0.2)
    detector.changed_fraction(noisy(0))
    fractions = [detector.changed_fraction(with_square(noisy(seed), x=60)) for seed in range(1, 30)]

    assert fractions[0] > 0
    assert fractions[-1] == 0


def test_pictures_of_another_size_begin_anew_and_grey_ones_do_as_well():
    detector = MotionDetector()
    detector.changed_fraction(noisy())

    assert detector.changed_fraction(noisy()[:60]) == 0
    assert detector.changed_fraction(noisy()[:60, :, 0]) == 0


def test_a_film_gives_all_its_pictures_and_then_none(tmp_path):
    file = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    for x in range(0, 100, 10):
        film.write(with_square(noisy(), x))
    film.release()

    source = VideoSource(str(file))
    pictures = []
    while (picture := source.read()) is not None:
        pictures.append(picture)
    source.close()

    assert len(pictures) == 10
    # the brightest columns of the last picture are where the square was drawn
    assert pictures[-1][52, 90:114].mean() > 200 > 150 > pictures[-1][52, :80].mean()


def test_a_camera_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CameraUnavailable, match=r"nothing\.avi"):
        VideoSource(str(tmp_path / "nothing.avi"))


def test_a_preview_is_a_small_jpeg():
    data = as_jpeg(noisy(), width=80)

    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (60, 80, 3)
