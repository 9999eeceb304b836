"""Pictures are kept from shortly before a motion to shortly after, and no others."""

import cv2
import h5py
import numpy as np
import pytest

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.camera import Camera
from dsa_hcal_assets.daq.shipped.pictures import CameraUnavailable
from dsa_hcal_assets.daq.stores.hdf5 import Hdf5Sink
from dsa_hcal_assets.daq.stores.options import Hdf5Options

HEIGHT, WIDTH = 120, 160


def picture(number, square_at=None):
    """A dark picture with its number in its first pixel, and a bright square if something is there."""
    made = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    if square_at is not None:
        made[40:70, square_at : square_at + 30] = 220
    made[0, 0, 0] = number
    return made


class Film:
    """Still but for pictures 10 to 12; one picture each 100 ms of the camera's clock."""

    def __init__(self, clock):
        self._clock = clock
        self._number = 0
        self.closed = False

    def read(self):
        if self._number == 40:
            return None
        number, self._number = self._number, self._number + 1
        self._clock.now += 0.1
        return picture(number, square_at=20 + 10 * number - 100 if 10 <= number <= 12 else None)

    def close(self):
        self.closed = True


class FilmCamera(Camera):
    """A camera whose pictures are drawn."""

    film: Film

    def open_source(self):
        return self.film


@pytest.fixture
def camera(make_job, clock, monkeypatch):
    def camera(**keys):
        monkeypatch.setattr(FilmCamera, "film", Film(clock), raising=False)
        job = make_job(FilmCamera, clock=clock, **keys)
        job.setup()
        return job

    return camera


def to_the_end(job):
    for _ in range(1000):
        if job.finished:
            return
        job.step()


def numbers(messages):
    return [int(decode(message)[0, 0, 0]) for message in messages]


def test_the_pictures_around_a_motion_are_kept_in_order(camera, sent):
    to_the_end(camera(pre_roll=3, post_roll=0.5, preview=1.0))

    messages = sent()
    kept = numbers(messages)
    assert kept == list(range(7, kept[-1] + 1))
    # motion goes on while the background forgets where the square was: a few pictures more
    assert 12 + 5 <= kept[-1] < 30
    assert {message.attributes["event"] for message in messages} == {1}
    assert messages[0].attributes["motion"] == 0
    assert messages[3].attributes["motion"] == pytest.approx(30 * 30 / (HEIGHT * WIDTH), rel=0.3)
    taken = [message.attributes["taken_ns"] for message in messages]
    assert taken == sorted(taken)


def test_a_fraction_of_zero_keeps_every_picture(camera, sent):
    to_the_end(camera(fraction=0.0))

    assert numbers(sent()) == list(range(40))


def test_a_still_scene_keeps_nothing_and_the_end_of_a_film_ends_the_job(camera, sent):
    job = camera(level=240)
    to_the_end(job)

    assert sent() == []
    assert job.finished


def test_a_real_film_is_read_through_opencv(make_job, sent, tmp_path):
    file = tmp_path / "film.avi"
    film = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 10, (WIDTH, HEIGHT))
    for number in range(20):
        film.write(picture(0, square_at=50 if number >= 10 else None))
    film.release()
    job = make_job(Camera, source=str(file), pre_roll=2, post_roll="1h")
    job.setup()
    to_the_end(job)

    assert len(sent()) == 12


def test_the_pictures_of_a_motion_are_in_the_hdf5_file_with_what_is_known_of_them(camera, sent, tmp_path):
    to_the_end(camera(pre_roll=3, post_roll=0.5))
    pictures = sent()
    sink = Hdf5Sink(Hdf5Options(path=tmp_path / "pictures"))
    sink.append(pictures)
    sink.flush()
    sink.close()

    with h5py.File(tmp_path / "pictures.h5") as file:
        kept = file["messages"][:]
    assert [row["value"][0, 0, 0] for row in kept] == numbers(pictures)
    assert kept["value"].shape[1:] == (HEIGHT, WIDTH, 3)
    assert [row["motion"] for row in kept] == [message.attributes["motion"] for message in pictures]
    assert set(kept["event"]) == {1}


def test_a_camera_that_is_not_there_is_transient_and_named(make_job, tmp_path):
    job = make_job(Camera, source=str(tmp_path / "nothing.avi"))

    with pytest.raises(CameraUnavailable, match="connected"):
        job.setup()
