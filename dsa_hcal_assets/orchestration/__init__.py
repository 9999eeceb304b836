"""The thin Dagster layer: parameters in, domain call, metadata out.

Belongs here: assets, sensors, schedules, partitions, and the mapping of the platform's own notions
(products, verdicts, errors) to Dagster's. Not here: any computation on data; an asset body that
needs more than a few lines is missing a domain function.
"""
