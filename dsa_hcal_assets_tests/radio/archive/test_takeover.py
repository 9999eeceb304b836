"""A copy that is the set, or none: nothing of the archive is touched, nothing of it is lost."""

import numpy as np
import pytest

from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.radio.archive.errors import ArchiveChanged
from dsa_hcal_assets.radio.archive.takeover import take_over
from dsa_hcal_assets.radio.conversion.group import ConversionReport
from dsa_hcal_assets.radio.conversion.quality import measure
from dsa_hcal_assets_tests.radio.archive.conftest import PROFILES, put


def column(ms, name):
    from casacore import tables

    with tables.table(str(ms), ack=False) as table:
        return table.getcol(name)


def bytes_of(ms):
    return {path: path.read_bytes() for path in ms.rglob("*") if path.is_file() and path.name != "table.lock"}


def test_the_copy_is_the_set_and_the_report_tells_what_it_holds(copy, tmp_path):
    ms = copy("a.ms")
    before = bytes_of(ms)
    report = take_over(ms, tmp_path / "out.ms", trees.identify(ms).digest)
    assert bytes_of(ms) == before
    assert trees.identify(tmp_path / "out.ms") == trees.identify(ms)
    assert (report.writer, report.rows, report.layout) == ("imported", 12, "single")
    assert report.flagged_fraction == pytest.approx(column(ms, "FLAG").mean())
    assert ConversionReport.from_json(report.as_json()) == report


def test_the_report_passes_the_gate_of_conversions(vla, tmp_path):
    report = take_over(vla.ms, tmp_path / "out.ms", trees.identify(vla.ms).digest)
    metrics = {one.name: one.value for one in measure(tmp_path / "out.ms", PROFILES["vla"], report)}
    assert (metrics["rows_missing"], metrics["not_finite"]) == (0, 0)
    assert metrics["phase_centre_error"] < 1e-6


def test_the_product_does_not_change_when_the_archive_does(copy, tmp_path):
    ms = copy("a.ms")
    take_over(ms, tmp_path / "out.ms", trees.identify(ms).digest)
    kept = bytes_of(tmp_path / "out.ms")
    put(ms, "UVW", lambda uvw: uvw * 2)
    assert bytes_of(tmp_path / "out.ms") == kept
    shared = {path.stat().st_ino for path in ms.rglob("*")} & {
        path.stat().st_ino for path in (tmp_path / "out.ms").rglob("*")
    }
    assert not shared


def test_a_read_only_archive_is_copied(copy, tmp_path):
    ms = copy("a.ms")
    digest = trees.identify(ms).digest
    for path in ms.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    take_over(ms, tmp_path / "out.ms", digest)
    assert all(path.stat().st_mode & 0o200 for path in (tmp_path / "out.ms").rglob("*"))


def test_what_is_no_number_is_zeroed_and_flagged_in_the_copy_alone(copy, tmp_path):
    ms = copy("a.ms")
    bad = np.zeros(column(ms, "DATA").shape, np.bool_)
    bad[3, 5, 0] = bad[7, 0, 1] = True
    put(ms, "FLAG", lambda flags: flags & ~bad)
    put(ms, "DATA", lambda data: np.where(bad, np.nan, data))
    report = take_over(ms, tmp_path / "out.ms", trees.identify(ms).digest)
    assert report.not_finite == 2
    assert not column(tmp_path / "out.ms", "DATA")[bad].any()
    assert column(tmp_path / "out.ms", "FLAG")[bad].all()
    assert (column(tmp_path / "out.ms", "FLAG")[~bad] == column(ms, "FLAG")[~bad]).all()
    assert np.isnan(column(ms, "DATA")[bad]).all()


def test_extra_columns_are_kept(copy, tmp_path):
    from casacore import tables

    ms = copy("a.ms")
    with tables.table(str(ms), readonly=False, ack=False) as main:
        main.addcols(tables.makecoldesc("CORRECTED_DATA", main.getcoldesc("DATA")))
        main.putcol("CORRECTED_DATA", main.getcol("DATA") * 2)
    take_over(ms, tmp_path / "out.ms", trees.identify(ms).digest)
    assert (column(tmp_path / "out.ms", "CORRECTED_DATA") == column(ms, "DATA") * 2).all()


def test_another_content_than_the_accepted_one_is_refused(copy, tmp_path):
    ms = copy("a.ms")
    digest = trees.identify(ms).digest
    put(ms, "UVW", lambda uvw: uvw * 2)
    with pytest.raises(ArchiveChanged):
        take_over(ms, tmp_path / "out.ms", digest)
