"""Job type `camera`: pictures of a camera or a film, kept while something moves in them."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from pydantic import Field

from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.daq.shipped.motion import Frame, MotionDetector
from dsa_hcal_assets.daq.shipped.pictures import VideoSource, as_jpeg


class CameraConfig(JobConfig):
    """Keys of a camera. Where its pictures go say `[store_config.hdf5]` or `[store_config.raw]`."""

    interval: Duration = 0.1
    """Time between two pictures."""
    topic: str = "frame"
    """Topic of the pictures kept: arrays (height, width, 3) of bytes, in blue, green, red."""
    source: int | str = 0
    """Number of the camera, path of a film, or address of a stream."""
    width: int | None = Field(None, ge=16)
    """Width asked of the camera, pixels; None: its own."""
    height: int | None = Field(None, ge=16)
    """Height asked of the camera, pixels; None: its own."""
    level: float = Field(25.0, gt=0, lt=255)
    """Difference from which a pixel has changed, grey levels of 255."""
    fraction: float = Field(0.002, ge=0, le=1)
    """Part of all pixels that must have changed for a motion; 0 keeps every picture."""
    pre_roll: int = Field(5, ge=0)
    """Pictures kept from before the motion."""
    post_roll: Duration = 2.0
    """Pictures go on being kept for so long after the last motion."""
    preview: Duration | None = 1.0
    """A small JPEG is published live on `<topic>.preview` so often; None: never."""


class PictureSource(Protocol):
    """Where pictures come from."""

    def read(self) -> Frame | None:
        """Return the next picture, None after the last one of a film."""

    def close(self) -> None:
        """Let go of the camera."""


class Camera(Job[CameraConfig]):
    """Sends the pictures from shortly before a motion to shortly after it.

    Each has the attributes `motion` (part of the pixels that changed), `event` (number of the motion
    since the job began) and `taken_ns` (UTC, nanoseconds since 1970).
    """

    Config = CameraConfig
    clock: Callable[[], float] = staticmethod(time.monotonic)
    _source: PictureSource | None = None

    def setup(self) -> None:
        """Open the camera.

        Raises
        ------
        CameraUnavailable
            If it cannot be opened.
        """
        self._source = self.open_source()
        self._motion = MotionDetector(self.config.level)
        self._earlier: deque[tuple[Frame, float, int]] = deque(maxlen=self.config.pre_roll)
        self._event = 0
        self._until: float | None = None
        self._previewed = -float("inf")

    def open_source(self) -> PictureSource:
        """Return where pictures come from; override it for a camera OpenCV does not know."""
        config = self.config
        return VideoSource(config.source, config.width, config.height)

    def step(self) -> None:
        """Take one picture."""
        picture = self._source.read() if self._source is not None else None
        if picture is None:
            self.log.info("the film has ended")
            self.finish()
            return
        now, taken_ns = self.clock(), time.time_ns()
        self._preview(picture, now)
        changed = self._motion.changed_fraction(picture)
        if changed >= self.config.fraction:
            self._until = now + self.config.post_roll if self._until is not None else self._begin(now)
        if self._until is not None and now <= self._until:
            self._keep(picture, changed, taken_ns)
        else:
            self._until = None
            self._earlier.append((picture, changed, taken_ns))

    def teardown(self) -> None:
        """Let go of the camera."""
        if self._source is not None:
            self._source.close()

    def _begin(self, now: float) -> float:
        self._event += 1
        while self._earlier:
            self._keep(*self._earlier.popleft())
        return now + self.config.post_roll

    def _keep(self, picture: Frame, changed: float, taken_ns: int) -> None:
        self.send(self.config.topic, picture, motion=changed, event=self._event, taken_ns=taken_ns)

    def _preview(self, picture: Frame, now: float) -> None:
        if self.config.preview is not None and now - self._previewed >= self.config.preview:
            self._previewed = now
            self.publish(f"{self.config.topic}.preview", as_jpeg(picture, width=320), format="jpeg")
