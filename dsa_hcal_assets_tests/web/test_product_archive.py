"""The archive made while it is sent is one that everybody's tar reads."""

import io
import subprocess
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.web.product_archive import CHUNK_BYTES, tar_of


@given(st.lists(st.integers(0, 3 * tarfile.BLOCKSIZE), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_files_of_any_size_come_back_as_they_were(tmp_path, sizes):
    contents = {f"{number}.dat": bytes([number]) * size for number, size in enumerate(sizes)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with tarfile.open(fileobj=io.BytesIO(b"".join(tar_of(tmp_path, list(contents), "top")))) as archive:
        found = {member.name: archive.extractfile(member).read() for member in archive}
    assert found == {f"top/{name}": content for name, content in contents.items()}


@pytest.mark.parametrize("name", ["a b/ü.txt", "x" * 200, f"{'d' * 120}/{'f' * 120}", "odd\udcff"])
def test_names_that_are_long_or_no_text_survive(tmp_path, name):
    path = tmp_path / "product" / name
    path.parent.mkdir(parents=True)
    path.write_text("content")
    out = tmp_path / "out"
    out.mkdir()
    archive = b"".join(tar_of(tmp_path / "product", [name], "top"))
    subprocess.run(["tar", "-x", "-C", str(out)], input=archive, check=True)
    assert (out / "top" / name).read_text() == "content"


def test_a_large_file_is_sent_in_pieces(tmp_path):
    (tmp_path / "large").write_bytes(bytes(2 * CHUNK_BYTES + 1))
    assert max(map(len, tar_of(tmp_path, ["large"], "top"))) == CHUNK_BYTES


def test_a_file_that_is_gone_ends_the_archive_so_that_it_shows(tmp_path):
    (tmp_path / "a").write_text("a")
    pieces, sending = [], tar_of(tmp_path, ["a", "b"], "top")
    with pytest.raises(FileNotFoundError):
        pieces.extend(iter(lambda: next(sending), None))
    assert b"a" in pieces
    assert not b"".join(pieces).endswith(bytes(2 * tarfile.BLOCKSIZE))
