"""The detector QA report of a day: is the detector well, which part is not, since when, what is missing.

Belongs here: choosing what a shifter sees, its figures and tables (`page.build_report`). Not here:
judging (hcal/verdicts.py) and the form of the page (quality/report.py).
"""
