-- The record of anomalies newest first, in pages.

create index anomaly_by_start on hcal.anomaly (started_at desc, anomaly_id desc);
