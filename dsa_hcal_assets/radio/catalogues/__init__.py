"""Catalogues: what is known about the sky before we look at it.

Belongs here: the VLA calibrator list in its three forms (`vla_list`, `vla_tables`), survey tables with
columns of any name (`columns`, `survey_tables`), keeping them in PostgreSQL by version (`store`,
`loading`), the pixels of the sky they are found by (`sky_pixels`), cone search (`cone`), when sources
cross the meridian (`transit`) and what that means for groups and for the days to come (`schedule`).
Not here: which calibrator a solve takes (`radio.calibration`), comparing images with catalogues.

Positions are ICRS degrees, flux densities Jy, frequencies Hz, times UTC.
"""
