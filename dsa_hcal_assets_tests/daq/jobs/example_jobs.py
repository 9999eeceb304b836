"""Job types the tests run as real processes: `type = "dsa_hcal_assets_tests.daq.jobs.example_jobs:Name"`."""

import ctypes
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from dsa_hcal_assets.daq.jobs import Job, JobConfig, ReadingJob
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.errors import TransientError

MODULE = __name__
Fault = Literal["", "exception", "transient", "hang", "exit", "segfault", "memory", "print", "finish", "fork"]


class DiaryConfig(JobConfig):
    diary: Path
    """File that a line is appended to for everything that happens."""
    in_setup: Fault = ""
    in_step: Fault = ""
    in_teardown: Fault = ""
    fault_after: int = 0
    """The fault of a step is made by this step, counted from 0."""


class Diary(Job[DiaryConfig]):
    """Writes down what happens to it, and fails as its file says."""

    Config = DiaryConfig
    steps = 0

    def setup(self) -> None:
        self.write("setup")
        self.fail(self.config.in_setup)

    def step(self) -> None:
        self.write("step")
        self.steps += 1
        if self.steps > self.config.fault_after:
            self.fail(self.config.in_step)

    def receive(self, message: Message) -> None:
        self.write(f"live {message.producer} {message.topic}")

    def teardown(self) -> None:
        self.fail(self.config.in_teardown)
        self.write("teardown")

    def write(self, line: str) -> None:
        with self.config.diary.open("a") as file:
            file.write(f"{line}\n")

    def fail(self, fault: Fault) -> None:
        match fault:
            case "exception":
                raise ValueError("as its file says")
            case "transient":
                raise TransientError("the device does not answer")
            case "hang":
                time.sleep(3600)
            case "exit":
                sys.exit(3)
            case "segfault":
                ctypes.string_at(0)
            case "memory":
                self.write(f"got {len(bytearray(2 << 30))}")
            case "print":
                print("printed by the job")  # noqa: T201
            case "finish":
                self.finish()
            case "fork":
                if os.fork() == 0:
                    os._exit(0)


class NumbersConfig(JobConfig):
    topic: str = "numbers"
    most: int = 10**9


class Numbers(Job[NumbersConfig]):
    """Sends 1, 2, 3 ...; a number that was sent once is not sent again by a later process."""

    Config = NumbersConfig

    def step(self) -> None:
        if self.next() <= self.config.most:
            self.send(self.config.topic, self.next())

    def next(self) -> int:
        return self._open_writer().last_sequence + 1


class CollectorConfig(JobConfig):
    into: Path
    """File that a line is appended to for every message."""


class CollectorOptions(BaseModel, extra="forbid"):
    label: str = ""


class Collector(ReadingJob[CollectorConfig]):
    """Appends producer, epoch, sequence and payload of each message to a file."""

    Config = CollectorConfig
    InputOptions = CollectorOptions

    def receive_kept(self, messages: Sequence[Message]) -> None:
        with self.config.into.open("a") as file:
            for message in messages:
                text = bytes(message.payload).decode()
                file.write(f"{message.producer} {message.epoch} {message.sequence} {text}\n")
