"""All files for Prometheus and Grafana, by their places below ``deploy``."""

from pathlib import Path

from dsa_hcal_assets.observability.monitoring.dashboards import DASHBOARDS
from dsa_hcal_assets.observability.monitoring.grafana import dashboard_file, datasources_file, folders_file
from dsa_hcal_assets.observability.monitoring.prometheus_files import (
    RULES_FILE,
    configuration_file,
    rules_file,
)
from dsa_hcal_assets.settings import Settings


def files() -> dict[str, str]:
    """Return the content of each file, by its path below the directory of deployment."""
    return {
        "prometheus/prometheus.yml": configuration_file(Settings()),
        f"prometheus/{RULES_FILE}": rules_file(),
        "grafana/provisioning/datasources/dsa_hcal.yml": datasources_file(),
        "grafana/provisioning/dashboards/dsa_hcal.yml": folders_file(),
        **{
            f"grafana/dashboards/{one.uid.removeprefix('dsa-hcal-')}.json": dashboard_file(one)
            for one in DASHBOARDS
        },
    }


def write(directory: Path) -> None:
    """Write all of them below `directory`."""
    for name, content in files().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
