"""Simulated LED and pedestal runs of the calorimeter, with the truth that analyses must recover."""
