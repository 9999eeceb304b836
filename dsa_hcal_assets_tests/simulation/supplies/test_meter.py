"""The simulated meter as its own clients talk to it."""

import asyncio

import pytest

from dsa_hcal_assets.simulation.supplies.meter import MeterServer, SimulatedMeter
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW


def talk(*said: str, answers: int):
    async def run():
        meter = SimulatedMeter(now=lambda: NOW)
        server = MeterServer(meter)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write("".join(f"{one}\r" for one in said).encode())
            found = [await asyncio.wait_for(reader.readuntil(b"\r"), 5) for _ in range(answers)]
            writer.close()
            return [one.decode().strip() for one in found], meter
        finally:
            await server.stop()

    return asyncio.run(run())


def test_a_reading_is_voltage_and_current_once_that_is_chosen():
    [reading], meter = talk(":FORM:ELEM VOLT,CURR", ":READ?", answers=1)
    assert [float(value) for value in reading.split(",")] == pytest.approx(meter.truth(NOW), rel=1e-6)


def test_without_choosing_a_reading_has_five_elements():
    [reading], _ = talk(":READ?", answers=1)
    assert len(reading.split(",")) == 5


def test_with_its_output_off_it_reads_nothing():
    [answer], meter = talk(":OUTP OFF", ":READ?", "*IDN?", answers=1)
    assert "KEITHLEY" in answer
    assert meter.commands == [":OUTP OFF", ":READ?", "*IDN?"]


def test_a_source_level_can_be_set():
    [_], meter = talk(":SOUR:VOLT:LEV 60", "*IDN?", answers=1)
    assert meter.channel.v_set == 60.0


def test_a_terminal_server_serves_one_client_at_a_time():
    async def run():
        server = MeterServer(SimulatedMeter(now=lambda: NOW))
        await server.start()
        try:
            _, first = await asyncio.open_connection(server.host, server.port)
            await asyncio.sleep(0.05)
            second, _ = await asyncio.open_connection(server.host, server.port)
            refused = await asyncio.wait_for(second.read(), 5)
            first.close()
            await asyncio.sleep(0.05)
            reader, third = await asyncio.open_connection(server.host, server.port)
            third.write(b"*IDN?\r")
            return refused, await asyncio.wait_for(reader.readuntil(b"\r"), 5)
        finally:
            await server.stop()

    refused, answered = asyncio.run(run())
    assert refused == b""
    assert b"KEITHLEY" in answered
