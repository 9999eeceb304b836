"""What the benchmark of the API asks about: a year of the rig and a year of observation groups."""

from datetime import datetime

from dsa_hcal_assets.database.connection import Database

CADENCE_SECONDS = 309  # of groups of DSA-110
GROUPS_OF_A_YEAR = 365 * 86400 // CADENCE_SECONDS
READINGS = 365 * 240  # at six-minute steps
NEWEST_DAY = "2025-12-31"

_RIG = """
insert into rig.reading
select %(first)s + n * interval '6 minutes', 60 + 20 * sin(n / 38.2) + n %% 7, 1000 + 50 * sin(n / 19.1),
       n / 10.0, 0, 0, case when n %% 20 = 0 then 'red' else 'none' end, 'none', 'benchmark'
from generate_series(0, 365 * 240 - 1) n;

insert into rig.cleaned_day (day, total, nulls, out_of_range, duplicates, kept, through_arrival)
select (read_at at time zone 'UTC')::date, count(*), 0, 0, 0, count(*), 1 from rig.reading group by 1;

insert into rig.kpi (day, avg_temp, avg_pressure, alert_count, uptime_hours, total_records,
                     data_quality_score)
select (read_at at time zone 'UTC')::date, avg(temperature), avg(pressure),
       count(*) filter (where temperature_alert = 'red'), max(uptime), count(*), 100
from rig.reading group by 1;

select rig.roll_up(%(first)s, %(first)s + interval '1 year');
"""
_GROUPS = """
create temporary table new_group on commit drop as
select n, began, to_char(began at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as key
from generate_series(0, %(count)s - 1) n, cast(%(first)s + n * interval '309 seconds' as timestamptz) began;

insert into radio.observation_group (
    group_key, profile, telescope, expected, found, state, content, first_sample, declination_deg,
    first_seen, last_seen, completed_at)
select key, 'dsa110', 'OVRO_DSA', 16, 16, 'complete', key, began, 53.9,
       began, began + interval '6 minutes', began + interval '6 minutes'
from new_group;

insert into platform.arrival (
    source, name, subject, partition, digest, bytes, state, sample_time, received_at, loaded_at, run_id,
    incoming_path)
select 'uvh5', key || '_sb' || sb || '.hdf5', key || '/' || sb, key, key || '/' || sb, 1, 'loaded', began,
       began, began, 'benchmark', '/'
from new_group, generate_series(0, 15) sb;
delete from platform.changed_partition;

insert into platform.product (
    kind, partition, version, path, bytes, checksum, created_at, code_version, run_id, parameters, inputs)
select kind, key, 1, kind || '/' || key, 1, repeat('0', 64), began + interval '10 minutes', 'benchmark',
       'benchmark', '{}', '[]'
from new_group,
     unnest(array['uvh5_group', 'measurement_set', 'continuum_image', 'radio_qa_report'])
     with ordinality made (kind, place)
order by n, place;

insert into platform.current_product (kind, partition, product_id)
select kind, partition, product_id from platform.product where code_version = 'benchmark';

insert into platform.verdict (
    product_id, stage, metric, value, unit, level, blocking, limit_text, description, detail, partition,
    run_id, recorded_at)
select product_id, kind, metric, 1, '1', 'pass', true, '', '', '', partition, 'benchmark', created_at
from platform.product, unnest(array['noise', 'flux_ratio']) metric where code_version = 'benchmark';
"""
_ANALYSE = """
analyze rig.reading, rig.reading_hour, rig.kpi, radio.observation_group, platform.arrival, platform.product,
        platform.current_product, platform.verdict
"""


def fill(database: Database, first: datetime, groups: int) -> None:
    """Fill a year of the rig, and groups of sixteen files, four products and eight verdicts each."""
    with database.transaction() as cursor:
        cursor.execute(_RIG, {"first": first})
        cursor.execute(_GROUPS, {"first": first, "count": groups})
        cursor.execute(_ANALYSE)
