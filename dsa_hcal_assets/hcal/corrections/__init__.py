"""Gain corrections and the bad-channel map of the hadronic calorimeters.

Belongs here: drift of gains from LED runs, response to temperature and bias, their combination with
uncertainties, sets with intervals of validity, channels not to be trusted. Not here: analysing runs
(hcal/analysis_runs/), and choosing among sets for reconstruction (hcal/conditions/).
"""
