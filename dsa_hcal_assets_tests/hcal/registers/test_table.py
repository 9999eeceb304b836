"""The register table: what it may say, what every mistake is told as."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.registers.table import BitField, Register, RegisterTable, read_table
from dsa_hcal_assets_tests.hcal.registers.described import content, table

EXAMPLE = Path(__file__).parents[3] / "examples" / "registers" / "adc.toml"


def register(**keys):
    return Register(**({"name": "a", "description": "A", "address": 0, "width": 16} | keys))


def test_the_example_is_a_table():
    assert read_table(EXAMPLE).kind == "adc"
    assert list(read_table(EXAMPLE).registers)[:2] == ["status", "temperature_fpga"]


def test_a_table_survives_json_and_keeps_its_digest():
    one = table()
    again = RegisterTable.model_validate_json(one.as_json())
    assert again == one
    assert again.digest == one.digest
    assert table(kind="other").digest != one.digest


@given(st.sampled_from([8, 16, 32, 48]), st.booleans(), st.data())
def test_a_value_is_its_bits_scaled(width, signed, data):
    number = data.draw(
        st.integers(-(1 << width - 1), (1 << width - 1) - 1) if signed else st.integers(0, (1 << width) - 1)
    )
    one = register(width=width, signed=signed, scale=0.5, offset=-3.0)
    assert one.value(number % (1 << width)) == number * 0.5 - 3.0


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.integers(0, 15))
def test_a_field_is_its_bits(raw, one, other):
    low, high = sorted((one, other))
    assert BitField(name="f", bits=[low, high]).of(raw) == int(f"{raw:016b}"[15 - high : 16 - low], 2)


def test_registers_are_due_at_their_own_cadence():
    assert [one.name for one in table().due(0)] == ["status", "temperature", "triggers", "firmware"]
    assert [one.name for one in table().due(1)] == ["status", "temperature", "triggers"]
    assert "firmware" in [one.name for one in table().due(3)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "A"}, "pattern"),
        ({"description": ""}, "description"),
        ({"address": None}, "either address or command"),
        ({"command": "$T0"}, "either address or command"),
        ({"address": 65536}, "address"),
        ({"address": "16"}, "address"),
        ({"width": 12}, "width"),
        ({"scale": 0.0}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"valid": [2, 1]}, "lowest and highest"),
        ({"valid": [1]}, "valid"),
        ({"every": 0}, "every"),
        ({"limit": 5}, "limit"),
        ({"field": [{"name": "f", "bits": [15, 16]}]}, "within 0-15"),
        ({"field": [{"name": "f", "bits": [1, 0]}]}, "lowest and highest"),
        ({"field": [{"name": "f", "bits": [0, 3]}, {"name": "g", "bits": [3, 4]}]}, "each in one field"),
        ({"field": [{"name": "f", "bits": [0, 0]}, {"name": "f", "bits": [1, 1]}]}, "field f appears 2"),
        ({"field": [{"name": "f", "bits": [0, 1], "expected": [4]}]}, "0-3 fit"),
    ],
)
def test_a_register_that_cannot_be_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        register(**change)


@pytest.mark.parametrize("command", ["$T0", "$M", "$RR12", "$EX", "$LR3"])
def test_commands_that_ask_may_be_in_a_table(command):
    assert register(address=None, command=command).command == command


@pytest.mark.parametrize(
    "command",
    ["$E", "$E0", "$P3", "$GS0", "$LS0", "$LM0", "$A0h", "$T000", "T0", "$T0\n", "$t0", "$GS000-0150", ""],
)
def test_commands_that_set_or_disturb_may_not(command):
    with pytest.raises(ValueError, match="none that sets"):
        register(address=None, command=command)


def written(tmp_path, change):
    def toml(value):
        if isinstance(value, list):
            return "[" + ", ".join(map(toml, value)) + "]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + "}"
        return f'"{value}"' if isinstance(value, str) else str(value).lower()

    path = tmp_path / "table.toml"
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in change(content()).items()))
    assert tomllib.loads(path.read_text())
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c | {"register": []}, "register"),
        (lambda c: c | {"protocol": "serial"}, "protocol"),
        (lambda c: c | {"register": c["register"] + c["register"][:1]}, "register status appears 2 times"),
        (
            lambda c: c | {"register": [*c["register"], c["register"][0] | {"name": "b"}]},
            "address 0 appears 2",
        ),
        (
            lambda c: c | {"protocol": "modbus", "register": [c["register"][0] | {"width": 8, "field": []}]},
            "16-bit",
        ),
        (lambda c: {key: value for key, value in c.items() if key != "kind"}, "kind"),
    ],
)
def test_a_file_that_is_wrong_names_file_and_place(tmp_path, change, says):
    with pytest.raises(ConfigurationError, match=says) as raised:
        read_table(written(tmp_path, change))
    assert "table.toml" in str(raised.value)


@pytest.mark.parametrize("text", ["kind = ", "\xff"])
def test_what_is_no_toml_is_refused(tmp_path, text):
    path = tmp_path / "table.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_table(path)
