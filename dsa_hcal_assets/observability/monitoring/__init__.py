"""What Prometheus and Grafana are given: alert rules, dashboards, and the files they read.

Belongs here: everything under ``deploy/prometheus`` and ``deploy/grafana``, as code. ``python -m
dsa_hcal_assets.observability.monitoring deploy`` writes it; only that needs Grafana's SDK (extra ``dev``),
and nothing of the running platform imports this package.
"""
