"""The environment the platform's own processes run in, made from the settings."""

import hashlib
import os
from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from dsa_hcal_assets.database.urls import dagster_url
from dsa_hcal_assets.quality.environment import PREFIX as THRESHOLD_PREFIX
from dsa_hcal_assets.settings import PREFIX, Settings, environment_name, setting_paths
from dsa_hcal_assets.settings.legacy import HONOURED
from dsa_hcal_assets.workers import casa
from dsa_hcal_assets.workers.sockets import socket_path

SUPERVISOR_VARIABLE = "DSA_HCAL_SUPERVISOR_ID"


def settings_environment(settings: Settings, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment from which `load_settings` reads exactly these settings.

    Quality limits set in the environment are no settings: they are passed on as they are.

    Parameters
    ----------
    settings
        The settings; relative paths become absolute.
    base
        What else the environment holds (this process's by default), without its settings.
    """
    found = {
        name: value
        for name, value in (os.environ if base is None else base).items()
        if name.startswith(THRESHOLD_PREFIX)
        # an import without byte code takes three times as long
        or (not name.startswith(PREFIX) and name not in HONOURED and name != "PYTHONDONTWRITEBYTECODE")
    }
    if "MKL_NUM_THREADS" in found:
        # no library here is built with MKL; who set its threads meant those of all
        found.setdefault("OMP_NUM_THREADS", found["MKL_NUM_THREADS"])
    for path in setting_paths():
        value = reduce(getattr, path.split("."), settings)
        if value is not None:
            found[environment_name(path)] = str(value.absolute() if isinstance(value, Path) else value)
    return found


def service_environment(settings: Settings, database_url: str) -> dict[str, str]:
    """Return the environment of the platform's services.

    Parameters
    ----------
    settings
        What the operator chose.
    database_url
        The database in use, embedded or not.
    """
    state = settings.state_dir.absolute()
    return {
        **settings_environment(settings.model_copy(update={"database_url": database_url})),
        **casa.environment(casa.cache_directory()),
        "DSA_HCAL_DAGSTER_POSTGRES_URL": dagster_url(database_url),
        "DSA_HCAL_RUN_HOST_SOCKET": str(socket_path(state, "runs")),
        SUPERVISOR_VARIABLE: supervisor_id(state),
        "DAGSTER_HOME": str(dagster_home(state)),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "GX_ANALYTICS_ENABLED": "False",
        "PYTHONUNBUFFERED": "1",
    }


def dagster_home(state_dir: Path) -> Path:
    """Return the directory of the Dagster instance of a state directory."""
    return state_dir.absolute() / "dagster"


def supervisor_id(state_dir: Path) -> str:
    """Return the mark all processes of a state directory carry in their environment."""
    return hashlib.sha256(os.fsencode(state_dir.resolve())).hexdigest()[:16]
