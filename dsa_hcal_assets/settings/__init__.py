"""The one settings object: typed, frozen, read once from the environment and passed down.

Belongs here: what an operator may change. Not here: limits of quality checks
(quality/thresholds.toml) and facts about telescopes (radio/profiles/) or detectors (hcal/).
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets.settings.alerts import AlertSettings
from dsa_hcal_assets.settings.corrections import CorrectionSettings
from dsa_hcal_assets.settings.daq import DaqSettings
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets.settings.legacy import HONOURED, REFUSED, in_our_unit
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.settings.observability import ObservabilitySettings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.settings.watch import WatchSettings

PREFIX = "DSA_HCAL_"
# Prefixes of names that are not settings: quality limits (quality/environment.py), and what the platform
# sets for its own child processes.
NOT_SETTINGS = (
    "DSA_HCAL_THRESHOLD__",
    "DSA_HCAL_DAGSTER_POSTGRES_URL",
    "DSA_HCAL_SUPERVISOR_ID",
    "DSA_HCAL_RUN_HOST_SOCKET",
)


class Settings(BaseModel):
    """Everything an operator may change. See `load_settings` for where values come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state_dir: Path = Field(Path("state"), description="Directory that holds everything the platform keeps")
    database_url: str | None = Field(
        None, description="PostgreSQL to use instead of the embedded server", repr=False
    )
    incoming_dir: Path | None = Field(None, description="Where data lands (default: <state_dir>/incoming)")
    products_dir: Path | None = Field(None, description="Product tree (default: <state_dir>/products)")
    thresholds_file: Path | None = Field(None, description="TOML that overrides single quality thresholds")
    api_host: str = Field("127.0.0.1", description="Address the API binds")
    api_port: int = Field(8110, ge=0, le=65535, description="Port of the API; 0 takes a free one")
    webserver_port: int = Field(
        3110, ge=0, le=65535, description="Port of the Dagster UI; 0 takes a free one"
    )
    database_port: int = Field(
        5510, ge=0, le=65535, description="TCP port of the embedded server; 0: a free one"
    )
    webhook_url: str | None = Field(
        None, description="URL that receives alerts as JSON (channel `webhook`)", repr=False
    )
    alerts: AlertSettings = AlertSettings()
    access: AccessSettings = AccessSettings()
    radio: RadioSettings = RadioSettings()
    hcal: HcalSettings = HcalSettings()
    runs: RunSettings = RunSettings()
    corrections: CorrectionSettings = CorrectionSettings()
    rig: RigSettings = RigSettings()
    daq: DaqSettings = DaqSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    live: LiveSettings = LiveSettings()
    watch: WatchSettings = WatchSettings()

    @property
    def incoming(self) -> Path:
        """Directory with one subdirectory a source: uvh5, ms, hcal, rig, events."""
        return (self.incoming_dir or self.state_dir / "incoming").absolute()

    @property
    def products(self) -> Path:
        """Root of the product tree."""
        return (self.products_dir or self.state_dir / "products").absolute()

    @property
    def written_directories(self) -> dict[str, Path]:
        """Where room is needed, by what it is for; they may share a file system."""
        return {"state": self.state_dir.absolute(), "incoming": self.incoming, "products": self.products}

    @property
    def quarantine(self) -> Path:
        """Where files that cannot be used are kept with their reasons."""
        return (self.state_dir / "quarantine").absolute()

    @property
    def logs(self) -> Path:
        """Log files of services and of worker calls."""
        return (self.state_dir / "logs").absolute()


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    ``DSA_HCAL_STATE_DIR`` sets `state_dir`; two underscores step into a group:
    ``DSA_HCAL_HCAL__POLL_SECONDS``. Names of the older systems (`legacy.HONOURED`) count where the
    platform's own name is absent. An empty value counts as none, as it does for those.

    Raises
    ------
    ConfigurationError
        For an unknown ``DSA_HCAL_`` name, a refused old name, or a value of the wrong type;
        the message names the variable.
    """
    environ = os.environ if environ is None else environ
    _refuse_old_names(environ)
    values: dict[str, Any] = {}
    for old, meant in HONOURED.items():
        if environ.get(old):
            _put(values, meant.split("."), in_our_unit(old, environ[old]))
    for name, text in environ.items():
        if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS):
            path = name.removeprefix(PREFIX).lower().split("__")
            _require_known(name, path)
            if text:
                _put(values, path, text)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explain(error) from error


def environment_name(path: str) -> str:
    """Return the environment variable of a setting given as a dotted path."""
    return PREFIX + path.upper().replace(".", "__")


def setting_paths() -> dict[str, str]:
    """Return every setting as dotted path with its description, in order."""
    return {path: field.description or "" for path, field in _fields()}


def secret_paths() -> frozenset[str]:
    """Return the settings whose values are never shown."""
    return frozenset(path for path, field in _fields() if not field.repr)


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from ((f"{name}.{key}", inner) for key, inner in group.model_fields.items())
        else:
            yield name, field


def _refuse_old_names(environ: Mapping[str, str]) -> None:
    for name, reason in REFUSED.items():
        if environ.get(name):
            raise ConfigurationError(f"{name} is set but cannot be honoured", remedy=f"unset it: {reason}")


def _require_known(name: str, path: list[str]) -> None:
    known = setting_paths()
    if ".".join(path) in known:
        return
    names = [environment_name(key) for key in known]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "`dsa-hcal settings` lists the known names"
    raise ConfigurationError(f"unknown setting {name}", remedy=hint)


def _put(values: dict[str, Any], path: list[str], text: str) -> None:
    for step in path[:-1]:
        values = values.setdefault(step, {})
    values[path[-1]] = text


def _explain(error: ValidationError) -> ConfigurationError:
    first = error.errors()[0]
    path = ".".join(str(step) for step in first["loc"])
    return ConfigurationError(
        f"setting {environment_name(path)} is not valid",
        expected=first["msg"],
        found="a value that is not shown" if path in secret_paths() else repr(first["input"]),
    )
