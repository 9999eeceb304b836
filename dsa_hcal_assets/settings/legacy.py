"""Environment names that users of the older systems know: honoured, passed on, or refused with a hint.

The one place in the code that knows them; docs/settings.md is generated from these tables.
"""

# old name -> the setting it means, as a dotted path in Settings
HONOURED = {
    "PIPELINE_STATE_DIR": "state_dir",
    "DATABASE_URL": "database_url",
    "PIPELINE_POINTING_DEC_DEG": "radio.pointing_dec_deg",
    "VLA_CATALOG": "radio.calibrator_list",
    "CAL_MATCH_RADIUS_DEG": "radio.match_radius_deg",
    "CAL_MATCH_TOPN": "radio.match_top",
    "IMG_IMSIZE": "radio.imsize",
    "IMG_ROBUST": "radio.robust",
    "IMG_NITER": "radio.niter",
    "IMG_THRESHOLD": "radio.threshold_jy",
    "SCHED_COLLECTING_TIMEOUT": "radio.collect_hours",
    "SCHED_INPROG_TIMEOUT": "radio.stalled_hours",
    "DATA_PATH": "rig.log_file",
    "PROCESSED_DATA_PATH": "rig.processed_file",
    "TABLE_NAME": "rig.table_name",
    "TEMPERATURE_THRESHOLD_HIGH": "rig.temperature_high",
    "PRESSURE_THRESHOLD_HIGH": "rig.pressure_high",
    "Z_SCORE_THRESHOLD_TEMPERATURE": "rig.temperature_zscore",
    "Z_SCORE_THRESHOLD_PRESSURE": "rig.pressure_zscore",
    "CONTIMG_SLACK_WEBHOOK_URL": "alerts.slack_url",
    "CONTIMG_SMTP_HOST": "alerts.mail_server",
    "CONTIMG_SMTP_PORT": "alerts.mail_port",
    "CONTIMG_SMTP_USER": "alerts.mail_user",
    "CONTIMG_SMTP_PASSWORD": "alerts.mail_password",
    "CONTIMG_ALERT_FROM_EMAIL": "alerts.mail_from",
    "CONTIMG_ALERT_TO_EMAILS": "alerts.mail_to",
    "DASHBOARD_REFRESH_INTERVAL": "live.refresh_seconds",
    "HOST": "api_host",
    "PORT": "api_port",
}

# old name -> how many of its units are one of the setting's
UNITS = {"SCHED_COLLECTING_TIMEOUT": 3600.0, "SCHED_INPROG_TIMEOUT": 3600.0}

# names that libraries read themselves -> what they do here; services get them as they are
PASSED_ON = {
    "OMP_NUM_THREADS": "threads of WSClean, CASA and numerical libraries in one process",
    "MKL_NUM_THREADS": "the same, where `OMP_NUM_THREADS` is not set",
    "HDF5_USE_FILE_LOCKING": "`FALSE` lets HDF5 open files on file systems without locks",
}

_ONE_DATABASE = "the platform keeps one PostgreSQL database, not a SQLite file; use DSA_HCAL_DATABASE_URL"
_NO_MOSAICS = "the platform makes no nightly mosaics yet"
_HOUSEKEEPING = (
    "house-keeping runs every ten minutes and removes what dead processes left at once; "
    "switch schedule reconcile_schedule off in the Dagster UI"
)
# old name -> why it cannot be honoured and what to use
REFUSED = {
    **dict.fromkeys(
        ("PIPELINE_DB", "PIPELINE_PRODUCTS_DB", "PIPELINE_CAL_REGISTRY_DB", "PIPELINE_QUEUE_DB"),
        _ONE_DATABASE,
    ),
    **dict.fromkeys(
        (
            "SCHED_MOSAIC_ENABLE",
            "SCHED_MOSAIC_HOUR_UTC",
            "SCHED_MOSAIC_OUTPUT_DIR",
            "SCHED_MOSAIC_NAME_PREFIX",
            "SCHED_MOSAIC_WINDOW_DAYS",
        ),
        _NO_MOSAICS,
    ),
    **dict.fromkeys(
        ("SCHED_HOUSEKEEP_ENABLE", "SCHED_HOUSEKEEP_INTERVAL_SEC", "SCHED_TEMP_AGE"), _HOUSEKEEPING
    ),
    "CONTIMG_SLACK_MIN_SEVERITY": "routes name a severity for each channel; use DSA_HCAL_ALERTS__ROUTES",
}


def in_our_unit(old: str, text: str) -> str:
    """Return the value of an older name in the unit of its setting; what is no number stays as it is."""
    try:
        return str(float(text) / UNITS[old]) if old in UNITS else text
    except ValueError:
        return text
