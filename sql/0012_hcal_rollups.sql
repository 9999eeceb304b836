-- Rollups: what half-sectors and sectors did per UTC hour and day. Always recomputed whole from
-- below (hours from raw telemetry, days from hours), so that refreshing twice changes nothing.

create type hcal.quantity as enum ('temperature', 'leakage', 'bias_offset', 'bias', 'lv_positive', 'lv_negative');
comment on type hcal.quantity is 'What a rollup row summarises; units as in hcal.tower_reading';

create table hcal.dirty_hour (
    bucket timestamptz primary key,
    marked_at timestamptz not null default now()
);
comment on table hcal.dirty_hour is 'Hours whose raw telemetry changed after their rollup: marked in the transaction that loads, removed in the one that rolls up';

create table hcal.half_sector_hour (
    bucket timestamptz not null,
    half_sector smallint not null,
    quantity hcal.quantity not null,
    n integer not null check (n > 0),
    mean double precision not null,
    std double precision,
    min real not null,
    max real not null,
    primary key (bucket, half_sector, quantity)
);
comment on table hcal.half_sector_hour is 'Statistics over all towers and cycles of a half-sector in an hour';
comment on column hcal.half_sector_hour.bucket is 'Start of the UTC hour';
comment on column hcal.half_sector_hour.half_sector is 'hcal.tower.half_sector, 0-127';
comment on column hcal.half_sector_hour.n is 'Values (towers x cycles) that were read';
comment on column hcal.half_sector_hour.std is 'Sample standard deviation; null for a single value';
create index half_sector_hour_series on hcal.half_sector_hour (half_sector, quantity, bucket);

create table hcal.half_sector_day (like hcal.half_sector_hour including all);
comment on table hcal.half_sector_day is 'Statistics over all towers and cycles of a half-sector in a UTC day; bucket is its start';

create table hcal.sector_hour (like hcal.half_sector_hour including all);
alter table hcal.sector_hour rename column half_sector to sector_id;
comment on table hcal.sector_hour is 'Statistics over all towers and cycles of a sector (both halves) in an hour';
comment on column hcal.sector_hour.sector_id is 'hcal.tower.sector_id: 0-31 outer, 32-63 inner';

create table hcal.sector_day (like hcal.sector_hour including all);
comment on table hcal.sector_day is 'Statistics over all towers and cycles of a sector in a UTC day; bucket is its start';
