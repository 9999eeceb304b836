"""Simulated calorimeter controllers on TCP, with known truth and faults to switch on.

Belongs here: what a controller does with bytes, the detector physics behind it, faults. Not here:
anything the platform needs to read real controllers (hcal/).
"""
