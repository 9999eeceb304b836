"""A register table that uses everything a table may say, over either protocol."""

from datetime import UTC, datetime

from dsa_hcal_assets.hcal.registers.readings import BoardRegisters, RegisterSnapshot
from dsa_hcal_assets.hcal.registers.table import RegisterTable

DAY = "2025-06-05"
START = datetime(2025, 6, 5, tzinfo=UTC)
SILENT = {"error": "ReplyTimeout", "what": "no answer", "transient": True}


def content(kind="adc", protocol="text"):
    """Return the table as TOML gives it."""
    return {
        "kind": kind,
        "protocol": protocol,
        "register": [
            {
                "name": "status",
                "description": "State",
                "address": 0,
                "width": 16,
                "field": [
                    {"name": "locked", "bits": [0, 0], "expected": [1]},
                    {"name": "link", "bits": [1, 3]},
                ],
            },
            {
                "name": "temperature",
                "description": "Temperature",
                "address": 16,
                "width": 16,
                "signed": True,
                "scale": 0.0625,
                "unit": "degC",
                "valid": [10, 80],
            },
            {"name": "triggers", "description": "Triggers", "address": 32, "width": 32},
            {"name": "firmware", "description": "Version", "address": 255, "width": 16, "every": 3},
        ],
    }


def table(kind="adc", protocol="text"):
    return RegisterTable.model_validate(content(kind, protocol))


RAW = {"status": 0b1011, "temperature": 0x0180, "triggers": 4_000_000_000}


def snapshot(number=0, *boards, tables=None, moment=None):
    """Return the snapshot of a cycle; by default of one board that shows `RAW`."""
    moment = moment or START.replace(minute=number)
    boards = boards or (BoardRegisters("adc00", "adc", moment, RAW),)
    return RegisterSnapshot(moment, number, "acquisition", -1, tables or (table(),), boards)
