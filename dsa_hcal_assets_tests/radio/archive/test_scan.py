"""Measurement Sets dropped into incoming: whole ones counted once, others waited for or quarantined."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.ledger.model import State
from dsa_hcal_assets.products.model import Provenance
from dsa_hcal_assets.radio.archive.reference import Reference
from dsa_hcal_assets.radio.archive.scan import MOST_AT_ONCE, TRY_AGAIN
from dsa_hcal_assets.radio.observation import MS_NAME
from dsa_hcal_assets_tests.radio.archive.conftest import PATIENCE, SETTLE, put

KEY = "2025-06-05T20:37:07"
NAME = f"{KEY}.ms"


def test_a_set_is_accepted_under_the_middle_of_its_first_integration(archive, copy):
    copy(archive.incoming / "any name.ms")
    assert archive.look().waiting == {"any name.ms": "still arriving"}
    assert archive.look().accepted == ["any name.ms"]
    (arrival,) = archive.ledger.pending("ms")
    assert (arrival.subject, arrival.partition) == (KEY, KEY)
    assert arrival.sample_time == datetime(2025, 6, 5, 20, 37, 7, tzinfo=UTC)
    assert arrival.path == archive.incoming / "any name.ms"
    assert archive.look().accepted == []


def test_a_copy_that_grows_file_by_file_is_taken_only_when_it_has_stopped_growing(archive, copy):
    source, target = copy("source.ms"), archive.incoming / NAME
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, target / path)
        if number % 10 == 0:
            archive.look(after=SETTLE * 0.9)
    assert archive.opened == []
    assert archive.ledger.balance() == {}
    archive.look(after=SETTLE * 0.9)
    assert archive.look().accepted == [NAME]


def test_a_copy_that_pauses_is_waited_for(archive, copy):
    source, target = copy("source.ms"), archive.incoming / NAME
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("table.f7*", "SPECTRAL_WINDOW"))
    archive.look()
    assert "is not whole" in archive.look().waiting[NAME]
    archive.look()
    assert len(archive.opened) == 1, "an unchanged half is not opened at every look"
    assert "is not whole" in archive.look(after=TRY_AGAIN).waiting[NAME]
    shutil.copytree(source, target, dirs_exist_ok=True)
    archive.look()
    assert archive.look().accepted == [NAME]


def test_a_copy_given_up_goes_to_quarantine(archive, copy):
    target = copy(archive.incoming / NAME)
    (target / "table.f7_TSM1").unlink()
    archive.look()
    archive.look()
    report = archive.look(after=PATIENCE)
    assert list(report.quarantined) == [NAME]
    (arrival,) = archive.ledger.quarantined()
    assert arrival.reason["error"] == "HalfCopied"
    assert (arrival.path / "ANTENNA" / "table.dat").is_file()
    assert not target.exists()


def test_a_set_delivered_by_rename_needs_no_more_than_two_looks(archive, copy):
    staged = copy(archive.incoming / f".{NAME}.part")
    archive.look()
    assert archive.opened == []
    staged.rename(archive.incoming / NAME)
    archive.look()
    assert archive.look().accepted == [NAME]


def test_the_same_content_again_is_a_duplicate_and_other_content_a_conflict(archive, copy):
    copy(archive.incoming / NAME)
    copy(archive.incoming / "again.ms")
    put(copy(archive.incoming / "other.ms"), "UVW", lambda uvw: uvw * 2)
    archive.look()
    report = archive.look()
    assert (report.accepted, report.duplicates, report.conflicts) == ([NAME], ["again.ms"], ["other.ms"])
    (refused,) = archive.ledger.quarantined()
    assert (refused.name, refused.reason["error"], refused.partition) == ("other.ms", "InputConflict", KEY)
    balance = archive.ledger.balance()["ms"]
    assert (balance.accepted, balance.pending, balance.quarantined) == (2, 1, 1)


def ruin(ms, kind):
    if kind == "an image":
        for path in [*ms.glob("table.*")]:
            path.unlink()
        (ms / "picture.png").write_bytes(b"png")
    elif kind == "a calibration table":
        (ms / "table.info").write_text("Type = Calibration\nSubType = B Jones\n")
    elif kind == "no DATA":
        from casacore import tables

        with tables.table(str(ms), readonly=False, ack=False) as table:
            table.removecols("DATA")
    elif kind == "no rows":
        from casacore import tables

        with tables.table(str(ms), ack=False) as table, table.query("rownumber() < 0") as nothing:
            nothing.copy(str(ms.with_name("empty")), deep=True).close()
        shutil.rmtree(ms)
        ms.with_name("empty").rename(ms)
    elif kind == "times NaN":
        put(ms, "TIME", lambda times: times * np.nan)
    elif kind == "times of 1858":
        put(ms, "TIME", lambda times: times - times.min())
    elif kind == "sidereal times":
        from casacore import tables

        with tables.table(str(ms), readonly=False, ack=False) as table:
            table.putcolkeyword("TIME", "MEASINFO", {"type": "epoch", "Ref": "LAST"})
    else:
        put(ms, "TELESCOPE_NAME", lambda _: np.array(["SOMETHING"]), "OBSERVATION")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("an image", "NotAMeasurementSet"),
        ("a calibration table", "NotAMeasurementSet"),
        ("no DATA", "MissingParts"),
        ("no rows", "EmptyMeasurementSet"),
        ("times NaN", "UnreadableTimes"),
        ("times of 1858", "UnreadableTimes"),
        ("sidereal times", "UnreadableTimes"),
        ("another telescope", "UnknownTelescope"),
    ],
)
def test_a_bad_set_goes_to_quarantine_with_its_reason_and_holds_up_nothing(archive, copy, kind, error):
    ruin(copy(archive.incoming / "a bad one.ms"), kind)
    copy(archive.incoming / NAME)
    archive.look()
    report = archive.look()
    assert report.accepted == [NAME]
    (arrival,) = archive.ledger.quarantined()
    assert arrival.reason["error"] == error
    assert arrival.reason["remedy"]
    record = json.loads(arrival.path.with_name("a bad one.ms.reason.json").read_text())
    assert record["reason"]["what"] == arrival.reason["what"]


def test_a_set_with_links_is_left_where_it_is(archive, copy):
    ms = copy(archive.incoming / NAME)
    (ms / "table.f1").rename(ms.parent / "elsewhere")
    (ms / "table.f1").symlink_to(ms.parent / "elsewhere")
    assert "neither a file nor a directory" in archive.look().waiting[NAME]
    assert archive.ledger.balance() == {}


def test_a_released_set_is_looked_at_anew(archive, copy):
    ms = copy(archive.incoming / NAME)
    put(ms, "TELESCOPE_NAME", lambda _: np.array(["SOMETHING"]), "OBSERVATION")
    archive.look()
    archive.look()
    (arrival,) = archive.ledger.quarantined()
    put(arrival.path, "TELESCOPE_NAME", lambda _: np.array(["DSA-110"]), "OBSERVATION")
    archive.ledger.release(arrival.arrival_id)
    archive.look()
    assert archive.look().accepted == [NAME]


def refer(archive, ms):
    from dsa_hcal_assets.ledger import trees

    identity = trees.identify(ms)
    return Reference(path=ms, digest=identity.digest, bytes=identity.bytes).write(archive.incoming)


def test_a_reference_counts_as_the_set_it_leads_to(archive, copy):
    ms = copy("elsewhere.ms")
    reference = refer(archive, ms)
    assert archive.look().accepted == [reference.name]
    copy(archive.incoming / "dropped.ms")
    archive.look()
    assert archive.look().duplicates == ["dropped.ms"]


def test_a_reference_to_what_has_changed_is_quarantined_and_the_archive_left_alone(archive, copy):
    ms = copy("elsewhere.ms")
    reference = refer(archive, ms)
    put(ms, "UVW", lambda uvw: uvw * 2)
    assert list(archive.look().quarantined) == [reference.name]
    assert archive.ledger.quarantined()[0].reason["error"] == "ArchiveChanged"
    assert ms.is_dir()
    assert not reference.exists()


def test_an_archive_that_is_not_mounted_is_waited_for(archive, copy):
    ms = copy("elsewhere.ms")
    reference = refer(archive, ms)
    away = ms.rename(ms.with_name("away"))
    assert list(archive.look().waiting) == [reference.name]
    away.rename(ms)
    assert archive.look(after=TRY_AGAIN).accepted == [reference.name]


@pytest.mark.parametrize("text", ["", "{}", '{"path": "/a.ms"}', "x" * 100_000, "\0\0"])
def test_a_reference_that_cannot_be_read_is_quarantined(archive, text):
    (archive.incoming / "bad.msref").write_text(text)
    assert list(archive.look().quarantined) == ["bad.msref"]
    assert archive.ledger.quarantined()[0].reason["error"] == "BadReference"


def converted(archive, ms=None):
    """Make the ledger and the product tree look as after the conversion of this group's subbands."""
    with archive.database.transaction() as cursor:
        cursor.execute(
            "insert into radio.observation_group (group_key, profile, telescope, expected, found,"
            " first_sample, first_seen, last_seen)"
            " values (%s, 'dsa110', 'DSA-110', 16, 3, now(), now(), now())",
            (KEY,),
        )
    if ms is not None:
        with archive.products.publishing("measurement_set", KEY, Provenance({}, (), run_id="run")) as staged:
            shutil.copytree(ms, staged.path / MS_NAME)


def test_a_set_of_a_group_that_has_subbands_is_a_conflict(archive, copy):
    converted(archive)
    copy(archive.incoming / NAME)
    archive.look()
    assert list(archive.look().quarantined) == [NAME]
    reason = archive.ledger.quarantined()[0].reason
    assert (reason["error"], reason["what"]) == ("InputConflict", f"group {KEY} comes from UVH5 subbands")


def test_a_copy_of_our_own_product_is_loaded_already(archive, copy):
    converted(archive, copy("source.ms"))
    copy(archive.incoming / NAME)
    archive.look()
    assert archive.look().accepted == [NAME]
    (arrival,) = archive.ledger.of_partition("ms", KEY)
    assert arrival.state is State.LOADED
    assert archive.ledger.pending("ms") == []


def test_a_directory_of_fifty_sets_is_gone_through_in_batches_and_each_once(archive, copy, tiny_set):
    for number in range(50):
        refer(archive, copy(f"archive/{number:02d}.ms", later=300.0 * number + 0.5))
    looks = 0
    while len(archive.ledger.pending("ms")) < 50:
        assert len(archive.look().accepted) <= MOST_AT_ONCE
        looks += 1
        assert looks < 5
    keys = [arrival.partition for arrival in archive.ledger.pending("ms")]
    start = datetime(2025, 6, 5, 20, 37, 7, tzinfo=UTC)
    assert keys == [f"{start + timedelta(seconds=300 * n):%Y-%m-%dT%H:%M:%S}" for n in range(50)]
    archive.look()
    assert len(archive.opened) == 50
