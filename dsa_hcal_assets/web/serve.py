"""The API as a process of its own: ``python -m dsa_hcal_assets.web.serve``, from the settings."""

import logging.config
import resource
import sys
from typing import Any

import uvicorn

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.settings import Settings, load_settings
from dsa_hcal_assets.web.access.patience import protocol
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets.web.live.protocol import OPTIONS as LIVE_OPTIONS

log = logging.getLogger(__name__)

STOP_SECONDS = 5
_FORMATTER = "dsa_hcal_assets.access.masking.MaskedFormatter"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"masked": {"()": _FORMATTER, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "masked"}},
    "root": {"level": "INFO", "handlers": ["console"]},
}


def configuration(settings: Settings) -> uvicorn.Config:
    """Return the server's configuration.

    Raises
    ------
    ConfigurationError
        If a setting is wrong, or the API may not listen at `settings.api_host`.
    DatabaseUnavailable
        If whether it may cannot be found out.
    """
    access = settings.access
    return uvicorn.Config(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        http=protocol(access.max_header_kib * 1024, access.stalled_seconds),
        **LIVE_OPTIONS,
        log_config=None,
        server_header=False,
        proxy_headers=bool(access.trusted_proxies),
        forwarded_allow_ips=access.trusted_proxies,
        limit_concurrency=access.max_connections,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def main() -> None:
    """Serve until told to stop."""
    logging.config.dictConfig(LOGGING)
    settings = load_settings()
    _allow_files(2 * settings.access.max_connections)
    try:
        server = uvicorn.Server(configuration(settings))
    except PlatformError as error:
        log.error("%s", error)
        raise SystemExit(1) from error
    server.run()
    sys.exit(0 if server.started else 1)


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files, which is 1024 in many places, as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main()
