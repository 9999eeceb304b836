"""Environment names that users of the older systems know: honoured, or refused with a hint.

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
    "HOST": "api_host",
    "PORT": "api_port",
}

# old name -> why it cannot be honoured and what to use
REFUSED = dict.fromkeys(
    ("PIPELINE_DB", "PIPELINE_PRODUCTS_DB", "PIPELINE_CAL_REGISTRY_DB", "PIPELINE_QUEUE_DB"),
    "the platform keeps one PostgreSQL database, not a SQLite file; use DSA_HCAL_DATABASE_URL",
)
