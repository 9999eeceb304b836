"""Generic acquisition: durable files, cycle scheduling, what waits while the disk is full.

Belongs here: what every acquisition job needs whatever it reads. Not here: any instrument's
protocol, boards, units or file format.
"""
