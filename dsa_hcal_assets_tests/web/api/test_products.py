"""Products are found by kind, partition and time, and told with verdicts, provenance, files, pictures."""

import io
import shutil
import tarfile
from urllib.parse import quote

import pytest

from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.products.model import Input
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record

DAY = "2025-06-05"


@pytest.fixture
def make(store, database):
    def make(kind="rig_kpis", day=DAY, files=("report.html",), level=Level.PASS):
        made_from = Provenance({"rows": 10}, (Input("rig_clean/2025-06-05/v0001", "0" * 64),), "run-1")
        with store.publishing(kind, day, made_from) as staged:
            for name in files:
                (staged.path / name).parent.mkdir(exist_ok=True)
                (staged.path / name).write_text(name)
        verdict = Verdict(kind, "avg_temp", 300, level, True, "deg C", "fail > 80")
        record(database, [verdict], product=staged.product, partition=day, run_id="run-1")
        return staged.product

    return make


@pytest.fixture
def ask(client):
    return lambda query="": [
        one["product_id"] for one in client.get(f"/api/products?{query}").json()["items"]
    ]


def test_versions_are_listed_newest_first_with_where_they_stand(client, make):
    old, new = make(level=Level.FAIL), make(level=Level.WARN)
    items = client.get("/api/products").json()["items"]
    assert [(one["product_id"], one["version"], one["current"]) for one in items] == [
        (new.product_id, 2, True),
        (old.product_id, 1, False),
    ]
    assert [(one["level"], one["closed_by"]) for one in items] == [("warn", []), ("fail", ["avg_temp"])]


def test_they_are_found_by_kind_partition_time_and_page(client, ask, make):
    one, two, three = make(), make(day="2025-06-06"), make(kind="rig_clean")
    again = make()
    assert ask("kind=rig_kpis") == [again.product_id, two.product_id, one.product_id]
    assert ask("kind=rig_kpis&current=true") == [again.product_id, two.product_id]
    assert ask("partition=2025-06-06") == [two.product_id]
    assert ask(f"since={quote(three.created_at.isoformat())}") == [again.product_id, three.product_id]
    assert ask(f"until={quote(two.created_at.isoformat())}") == [one.product_id]
    first = client.get("/api/products?limit=3").json()
    assert ask(f"limit=3&cursor={first['next']}") == [one.product_id]
    assert ask("kind='%20or%20true--") == []
    assert client.get("/api/products?kind=%00").status_code == 422


def test_one_is_told_with_verdicts_and_provenance(client, make):
    made = make(level=Level.FAIL)
    answer = client.get(f"/api/products/{made.product_id}").json()
    assert (answer["checksum"], answer["run_id"], answer["parameters"]) == (
        made.checksum,
        "run-1",
        {"rows": 10},
    )
    assert answer["inputs"] == [{"name": "rig_clean/2025-06-05/v0001", "checksum": "0" * 64}]
    (verdict,) = answer["verdicts"]
    assert (verdict["level"], verdict["value"], verdict["limit"]) == ("fail", 300, "fail > 80")


def test_every_file_can_be_downloaded_by_the_address_given(client, make):
    made = make(files=("report.html", "plots/a b%#?.txt", "plots/ü.png"))
    answer = client.get(f"/api/products/{made.product_id}/files").json()
    assert [one["path"] for one in answer["items"]] == ["plots/a b%#?.txt", "plots/ü.png", "report.html"]
    for one in answer["items"]:
        assert client.get(one["href"]).text == one["path"]
    pages = [client.get(f"/api/products/{made.product_id}/files?limit=2").json()]
    pages.append(
        client.get(f"/api/products/{made.product_id}/files?limit=2&cursor={pages[0]['next']}").json()
    )
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert answer["total"] == 3


def test_all_files_come_as_one_archive_with_their_manifest(client, make):
    made = make(
        kind="measurement_set", day="2025-06-05T20:37:07", files=("visibilities.ms/table.dat", "a.png")
    )
    answer = client.get(client.get(f"/api/products/{made.product_id}").json()["archive"])
    assert "measurement_set-2025-06-05T203707-v0001.tar" in answer.headers["content-disposition"]
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names == {"visibilities.ms/table.dat", "a.png", "manifest.json"}


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (("figures/1.png", "zfield/image.png"), "zfield/image.png"),
        (("b.png", "a.png"), "a.png"),
        (("a.jpg",), "a.jpg"),
    ],
)
def test_the_thumbnail_is_the_image_or_else_the_first_picture(client, make, files, shown):
    made = make(files=files)
    answer = client.get(f"/api/products/{made.product_id}/thumbnail")
    assert (answer.status_code, answer.text) == (200, shown)
    repeated = client.get(answer.url.path, headers={"If-None-Match": answer.headers["etag"]})
    assert repeated.status_code == 304


def test_without_a_picture_files_or_product_there_is_404(client, make, store):
    plain, gone = make(), make()
    shutil.rmtree(gone.path)
    for path in (
        f"/api/products/{plain.product_id}/thumbnail",
        f"/api/products/{gone.product_id}/thumbnail",
        f"/api/products/{gone.product_id}/files",
        f"/api/products/{gone.product_id}/archive",
        "/api/products/4711",
        "/api/products/4711/files",
        "/api/products/4711/thumbnail",
    ):
        assert client.get(path).status_code == 404, path
    store.reconcile()
    assert client.get(f"/api/products/{gone.product_id}").json()["missing_since"]
