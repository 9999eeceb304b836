"""Simulated boards with registers, made from the table that describes them."""
