"""Simulated controllers of the electromagnetic calorimeter: 384 interface boards in one event loop.

Belongs here: what the sensors show, what commands do. Sockets, faults and the bytes of replies are
those of the hadronic calorimeter's simulated controllers (simulation/boards).
"""
