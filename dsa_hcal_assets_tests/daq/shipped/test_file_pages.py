"""Files are shown as they are, and nothing outside of the directory ever is."""

import os

import pytest
from starlette.testclient import TestClient

from dsa_hcal_assets.daq.shipped.file_pages import files_app
from dsa_hcal_assets.errors import ConfigurationError

SECRET = "not for the public"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "secret.txt").write_text(SECRET)
    directory = tmp_path / "public"
    (directory / "night 1").mkdir(parents=True)
    (directory / "night 1" / "a&b<c>.csv").write_text("1,2\n")
    (directory / "run.bin").write_bytes(bytes(range(256)))
    return directory


@pytest.fixture
def client(tree):
    return TestClient(files_app(tree))


def test_a_file_comes_byte_for_byte_whole_or_in_part(client):
    assert client.get("/run.bin").content == bytes(range(256))
    part = client.get("/run.bin", headers={"Range": "bytes=16-31"})
    assert (part.status_code, part.content) == (206, bytes(range(16, 32)))


def test_a_directory_lists_links_that_lead_to_its_files(client):
    top = client.get("/")
    assert 'href="/night%201"' in top.text
    below = client.get("/night%201").text
    assert "a&amp;b&lt;c&gt;.csv" in below
    assert client.get("/night%201/a%26b%3Cc%3E.csv").text == "1,2\n"
    assert 'href="/."' in below


def test_links_that_lead_out_hidden_files_and_pipes_are_not_there(client, tree, tmp_path):
    (tree / "link").symlink_to(tmp_path / "secret.txt")
    (tree / "dir").symlink_to(tmp_path)
    (tree / ".env").write_text(SECRET)
    (tree / ".run.bin.123.part").write_text(SECRET)
    (tree / "way in").symlink_to(".env")
    os.mkfifo(tree / "pipe")

    for path in ("/link", "/dir", "/dir/secret.txt", "/.env", "/.run.bin.123.part", "/way%20in", "/pipe"):
        assert client.get(path).status_code == 404, path
    assert ".env" not in client.get("/").text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client, tree, method):
    assert client.request(method, "/run.bin", content=b"x").status_code == 405
    assert (tree / "run.bin").stat().st_size == 256


def test_browsers_run_nothing_of_it(client, tree):
    (tree / "page.html").write_text("<script>alert(1)</script>")

    headers = client.get("/page.html").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere"):
        files_app(tmp_path / "nowhere")
