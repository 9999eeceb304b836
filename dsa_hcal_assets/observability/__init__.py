"""How the platform is watched from outside: metrics, alert rules, dashboards, traces, profiles.

Belongs here: names of metrics and what is made from them (`monitoring`), how long stages took, spans and
profiles of stages. Not here: reading the numbers for `/metrics` (`web.metrics`) and alerts that the platform
raises itself (`alerts`).
"""
