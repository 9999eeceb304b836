"""What of a product can be read over HTTP: its own files, whatever somebody asks for."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.web.product_files import inside, listing, newest_reports, product_directory

PARTS = st.sampled_from(["..", ".", "", "report.html", "plots", "a.png", "/", "link", "\0", "etc", "passwd"])


@pytest.fixture
def directory(tmp_path):
    """A product's directory with a secret beside it and links that try to lead there."""
    (tmp_path / "secret.txt").write_text("secret")
    directory = tmp_path / "v0001"
    (directory / "plots").mkdir(parents=True)
    (directory / "report.html").write_text("page")
    (directory / "plots" / "a.png").write_bytes(b"png")
    (directory / "link").symlink_to(tmp_path / "secret.txt")
    (directory / "plots" / "up").symlink_to("../..")
    (directory / "loop").symlink_to("loop")
    os.mkfifo(directory / "pipe")
    return directory


@pytest.mark.parametrize("path", ["report.html", "plots/a.png", "plots", "", ".", "plots/../report.html"])
def test_its_own_files_and_directories_are_found(directory, path):
    assert inside(directory, path) == (directory / path).resolve()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "/etc/passwd",
        "link",
        "plots/up/secret.txt",
        "loop",
        "pipe",
        "none",
        "a\0b",
        "x" * 5000,
        "report.html/more",
    ],
)
def test_everything_else_is_not_there(directory, path):
    assert inside(directory, path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(PARTS, max_size=6).map("/".join))
def test_no_path_leads_out(directory, path):
    found = inside(directory, path)
    assert found is None or found.is_relative_to(directory.resolve())


def test_a_product_directory_that_is_gone_has_no_files(tmp_path):
    assert inside(tmp_path / "gone", "report.html") is None


def test_names_are_listed_in_order_and_directories_end_with_a_slash(directory):
    assert listing(directory) == ["link", "loop", "pipe", "plots/", "report.html"]


@pytest.fixture
def store(database, tmp_path):
    return ProductStore(tmp_path / "products", database)


def publish(store, kind, partition, name="report.html"):
    with store.publishing(kind, partition, Provenance({}, ())) as staged:
        (staged.path / name).write_text(partition)
    return staged.product


@pytest.mark.parametrize("product_id", [0, -1, 2**63, 2**80])
def test_a_number_no_product_can_have_is_no_product(database, tmp_path, product_id):
    assert product_directory(database, tmp_path, product_id) is None


def test_earlier_versions_stay_readable(store, database):
    first, second = publish(store, "rig_kpis", "2026-01-02"), publish(store, "rig_kpis", "2026-01-02")
    for product in (first, second):
        assert product_directory(database, store.root, product.product_id) == product.path


def test_the_newest_reports_come_first_and_only_current_ones(store, database):
    publish(store, "rig_kpis", "2026-01-02")
    newer = [publish(store, "rig_kpis", day) for day in ("2026-01-02", "2026-01-03")]
    publish(store, "rig_clean", "2026-01-03", "processed.csv")
    links = newest_reports(database, Path(store.root))
    assert [link.product_id for link in links] == [newer[1].product_id, newer[0].product_id]
    assert {link.file for link in links} == {"report.html"}
    assert len(newest_reports(database, Path(store.root), limit=1)) == 1
