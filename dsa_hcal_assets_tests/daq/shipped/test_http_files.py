"""The job serves its directory on loopback over real sockets, and lets nobody out of it."""

import http.client
import socket
from contextlib import closing

import pytest

from dsa_hcal_assets.daq.shipped.http_files import HttpFiles, HttpFilesConfig
from dsa_hcal_assets.errors import ConfigurationError

SECRET = "not for the public"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "secret.txt").write_text(SECRET)
    directory = tmp_path / "public"
    (directory / "night").mkdir(parents=True)
    (directory / "run.bin").write_bytes(bytes(range(256)))
    return directory


@pytest.fixture
def server(make_job, tree):
    job = make_job(HttpFiles, directory=str(tree), port=0)
    job.setup()
    return job


def get(server, path):
    with closing(http.client.HTTPConnection(*server.address, timeout=10)) as connection:
        # the path goes out as it is: a client that tidies it up would test nothing
        connection.putrequest("GET", path, skip_host=False)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_file_can_be_fetched_and_the_server_lives_until_teardown(server):
    assert get(server, "/run.bin") == (200, bytes(range(256)))
    server.step()
    server.teardown()

    with pytest.raises(ConnectionError):
        get(server, "/run.bin")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/night/..%2f..%2fsecret.txt",
        "/night/../../secret.txt",
        "//secret.txt",
        "/%2fetc/passwd",
        "/..%5csecret.txt",
        "/..%00/secret.txt",
        "/run.bin%00.txt",
        "/" + "a" * 5000,
    ],
)
def test_no_path_leads_out(server, path):
    status, body = get(server, path)

    assert status == 404
    assert SECRET.encode() not in body


def test_it_listens_on_loopback_unless_told_otherwise(server):
    assert HttpFilesConfig.model_fields["host"].default == "127.0.0.1"
    assert server.address[0] == "127.0.0.1"


def test_a_port_in_use_is_named_with_its_remedy(make_job, tree):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        job = make_job(HttpFiles, directory=str(tree), port=port)

        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}.*remedy"):
            job.setup()
