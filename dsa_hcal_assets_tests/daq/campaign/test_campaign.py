"""Whatever is killed, stopped or full: every store has each message once, in order, and nothing else."""

import subprocess

import pytest

from dsa_hcal_assets_tests.daq.campaign.campaign import PRODUCERS, Campaign, mount_small_disk

pytestmark = [pytest.mark.mariadb, pytest.mark.redis]


@pytest.fixture
def campaign(tmp_path):
    small_disk = tmp_path / "small"
    if not mount_small_disk(small_disk):
        pytest.skip("SKIPPED FOR WANT OF PRIVILEGE: no file system may be mounted here, none can be filled")
    campaign = Campaign(tmp_path, small_disk, seed=20261121)
    yield campaign
    campaign.close()
    subprocess.run(["umount", str(small_disk)], check=True)


@pytest.mark.timeout(300)
def test_a_minute_of_kills_outages_and_a_full_disk_loses_swaps_and_doubles_nothing(campaign):
    reconciles_after(campaign, 45)


@pytest.mark.verify
@pytest.mark.timeout(1200)
def test_ten_minutes_of_kills_outages_and_a_full_disk_lose_swap_and_double_nothing(campaign):
    reconciles_after(campaign, 570)


def reconciles_after(campaign, seconds):
    campaign.whole.start()
    campaign.whole.until_running(*PRODUCERS)
    campaign.rage(seconds)
    last = campaign.drain()
    code = campaign.whole.stop()

    for producer in PRODUCERS:
        confirmed = campaign.confirmed(producer)
        everything = [(producer, n, n) for n in range(1, last[producer] + 1)]
        assert sorted(set(confirmed)) == confirmed, "no sequence was given twice"
        assert last[producer] >= confirmed[-1] > 100
        for store, rows in campaign.rows(producer).items():
            assert rows == everything, (producer, store, campaign.done)
    assert {"producer killed", "store killed", "broker killed", "supervisor killed"} <= campaign.done.keys()
    assert {"mariadb stopped", "redis stopped", "disk filled"} <= campaign.done.keys()
    assert code == 0
    assert not campaign.shared_memory().exists()
    print(campaign.done, last)  # noqa: T201 - what was done to it, for the record of a long run
