"""Pictures through OpenCV: cameras, films, addresses; and small JPEGs of them."""

import cv2
import numpy as np

from dsa_hcal_assets.daq.shipped.motion import Frame
from dsa_hcal_assets.errors import BadInput, TransientError

_JPEG_QUALITY = 70


class CameraUnavailable(TransientError):
    """A camera, film or stream cannot be opened, or a camera gives no more pictures."""


class VideoSource:
    """What OpenCV can open.

    Parameters
    ----------
    source
        Number of a camera, path of a film, or address of a stream.
    width, height
        Asked of a camera, pixels; None leaves its own.

    Raises
    ------
    CameraUnavailable
        If it cannot be opened.
    """

    def __init__(self, source: int | str, width: int | None = None, height: int | None = None) -> None:
        self._name = source
        self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            raise CameraUnavailable(
                f"camera {source!r} cannot be opened",
                expected="the number of a camera, a film's path, or a stream's address",
                remedy="check that it is connected, readable, and used by nobody else",
            )
        for quantity, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)):
            if value is not None:
                self._capture.set(quantity, value)

    def read(self) -> Frame | None:
        """Return the next picture, None after the last one of a film.

        Raises
        ------
        CameraUnavailable
            If a camera gives none.
        """
        there, picture = self._capture.read()
        if there:
            frame: Frame = picture
            return frame
        if isinstance(self._name, int):
            raise CameraUnavailable(f"camera {self._name} gives no picture", remedy="check its connection")
        return None

    def close(self) -> None:
        """Let go of it."""
        self._capture.release()


def as_jpeg(picture: Frame, width: int) -> bytes:
    """Return a picture as JPEG, no wider than `width` pixels."""
    scale = min(1.0, width / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    made, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not made:
        raise BadInput(f"a picture of shape {picture.shape} cannot be made a JPEG")
    return np.asarray(data).tobytes()
