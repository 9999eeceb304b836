"""Telescope profiles: everything that differs between telescopes, as data.

Belongs here: the models (`model`, `processing`), their loading (`loading`), station coordinates
(`stations`) and one TOML a telescope. Not here: choices of an operator (settings) and limits of
checks (quality/thresholds.toml). A new telescope is a new TOML; code never asks for a telescope's
name.
"""
