"""Stores: where messages end up, each message once, whatever is killed meanwhile.

Belongs here: sinks (files, databases, memory), each usable without any job, and the job that feeds them
from streams. Not here: what the messages mean.

A sink takes messages into memory (`append`) and makes them durable together with the place it has come to
(`flush`), so that after any death the messages it asks for again begin exactly behind what it has.
What each sink does when a producer's columns change is written in its module.
"""
