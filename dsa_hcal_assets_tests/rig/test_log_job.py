"""The job that follows the rig's log publishes the very bytes it delivered."""

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.rig.log_job import ROWS_TOPIC, RigLog, RigLogConfig

HEADER = b"timestamp,temperature,pressure,uptime\n"
ROWS = [f"2026-11-01T00:00:{second:02d}Z,20,1000,{second}\n".encode() for second in range(3)]


def test_each_step_publishes_what_it_delivered(tmp_path, monkeypatch):
    log, incoming = tmp_path / "logger.csv", tmp_path / "incoming"
    log.write_bytes(HEADER)
    config = RigLogConfig(type="rig_log", id="rig", log_file=log, directory=incoming)
    job = RigLog(config, JobContext("hall", StreamPlace(tmp_path / "run", shared_memory=False)))
    live = []
    monkeypatch.setattr(
        job, "publish", lambda topic, value, **facts: live.append((topic, value, facts["file"]))
    )
    job.setup()
    job.step()
    assert live == []

    log.write_bytes(HEADER + ROWS[0] + ROWS[1])
    job.step()
    log.write_bytes(HEADER + b"".join(ROWS))
    job.step()
    assert [topic for topic, _, _ in live] == [ROWS_TOPIC] * 2
    assert [value for _, value, _ in live] == [HEADER + ROWS[0] + ROWS[1], HEADER + ROWS[2]]
    for _, value, name in live:
        assert (incoming / name).read_bytes() == value
