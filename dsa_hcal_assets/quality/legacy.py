"""Names by which users of the older imaging pipeline set quality limits.

The only place that knows them. A name is honoured where the older program documents the same
quantity and the same consequence (a warning); the others are refused with a hint, because a limit
that is set and ignored is worse than one that does not exist.
"""

PREFIX = "CONTIMG_QA_"

# old name -> the limits it sets, each (stage, metric, field)
HONOURED = {
    "CONTIMG_QA_MS_MAX_FLAGGED": (("measurement_set", "flagged_fraction", "warn_above"),),
    "CONTIMG_QA_CAL_MAX_FLAGGED": (
        ("calibration_tables", "bandpass_flagged_fraction", "warn_above"),
        ("calibration_tables", "gain_flagged_fraction", "warn_above"),
    ),
    "CONTIMG_QA_IMG_MIN_DYNAMIC_RANGE": (("continuum_image", "dynamic_range", "warn_below"),),
}
