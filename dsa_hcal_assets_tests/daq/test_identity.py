"""Ids of any characters become names of files that cannot collide or break out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.identity import safe_name


@pytest.mark.parametrize("identity", ["a/b", "../up", "", ".", "..", "x" * 500, "Ω°", "a b\n", "%2F", "~"])
def test_a_strange_id_becomes_one_plain_file(identity, tmp_path):
    file = tmp_path / safe_name(identity)
    file.write_text("here")

    assert [entry.name for entry in tmp_path.iterdir()] == [safe_name(identity)]
    assert not safe_name(identity).startswith(".")


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_ids_never_share_a_name(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)
