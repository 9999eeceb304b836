"""``/metrics``: the numbers for Prometheus, one module a part; their names are in `observability.catalogue`.

Belongs here: readers of the rooms below, put into samples. Not here: names (the catalogue), and limits
(`observability.monitoring.alert_rules`).
"""

from dsa_hcal_assets.web.metrics.route import routes

__all__ = ["routes"]
