from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.orchestration.quarantined import MOST_AT_ONCE, tell_quarantined


def quarantine(installation, name, content=b"x"):
    place = installation.settings.incoming / "rig"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)
    error = BadInput(f"{name} has no column pressure", found="temperature", remedy="send it with all columns")
    return installation.ledger.quarantine_arrival("rig", place / name, error)


def alerts(installation):
    return installation.database.rows("select severity, title, message, source from platform.alert")


def test_a_quarantined_file_is_told_once_with_reason_and_remedy(installation):
    arrival = quarantine(installation, "bad.csv")
    assert tell_quarantined(installation, "rig") == 1
    assert tell_quarantined(installation, "rig") == 0
    ((severity, title, message, source),) = alerts(installation)
    assert (severity, source) == ("warning", "rig")
    assert "bad.csv has no column pressure" in title
    assert "send it with all columns" in message
    assert f"quarantine release {arrival.arrival_id}" in message


def test_each_source_tells_its_own(installation):
    quarantine(installation, "bad.csv")
    assert tell_quarantined(installation, "hcal") == 0
    assert alerts(installation) == []


def test_a_flood_is_told_piece_by_piece_and_nothing_is_left_out(installation):
    count = MOST_AT_ONCE + 5
    for number in range(count):
        quarantine(installation, f"bad{number}.csv", str(number).encode())
    assert tell_quarantined(installation, "rig") == MOST_AT_ONCE
    assert tell_quarantined(installation, "rig") == 5
    assert len(alerts(installation)) == count
