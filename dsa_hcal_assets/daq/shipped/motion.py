"""Where a picture differs from what the camera has been seeing."""

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
"""A picture, (height, width, 3) in blue, green, red, or (height, width) in grey."""


class MotionDetector:
    """Compares each picture with the slowly changing background.

    Parameters
    ----------
    level
        Difference from the background from which a pixel has changed, grey levels of 255.
    adaptation
        Weight of each new picture in the background, 0 to 1: 0.05 forgets within some twenty pictures.
    blur
        Side of the Gaussian that takes out the sensor's noise, pixels, odd.
    """

    def __init__(self, level: float = 25.0, adaptation: float = 0.05, blur: int = 9) -> None:
        self._level, self._adaptation, self._blur = level, adaptation, blur
        self._background: NDArray[np.float32] | None = None

    def changed_fraction(self, frame: Frame) -> float:
        """Return the fraction of pixels that differ from the background; 0 for the first picture.

        A picture of another size begins a new background.
        """
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
        smooth = cv2.GaussianBlur(grey, (self._blur, self._blur), 0).astype(np.float32)
        if self._background is None or self._background.shape != smooth.shape:
            self._background = smooth
            return 0.0
        changed = np.abs(smooth - self._background) > self._level
        cv2.accumulateWeighted(smooth, self._background, self._adaptation)
        return float(np.count_nonzero(changed) / changed.size)
