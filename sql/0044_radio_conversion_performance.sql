-- How long each conversion took, by which writer: for the comparison of writers, machines and days.

create table radio.conversion_performance (
    product_id bigint primary key references platform.product,
    group_key text not null,
    version integer not null,
    writer text not null check (writer in ('direct', 'pyuvdata')),
    rows bigint not null check (rows >= 0),
    input_bytes bigint not null check (input_bytes >= 0),
    ms_bytes bigint not null check (ms_bytes >= 0),
    load_seconds double precision not null check (load_seconds >= 0),
    phase_seconds double precision not null check (phase_seconds >= 0),
    write_seconds double precision not null check (write_seconds >= 0),
    total_seconds double precision not null check (total_seconds >= 0),
    peak_rss_bytes bigint not null check (peak_rss_bytes >= 0),
    started_at timestamptz not null,
    unique (group_key, version)
);
create index conversion_performance_by_start on radio.conversion_performance (started_at);

comment on table radio.conversion_performance is 'One row a conversion that was published';
comment on column radio.conversion_performance.product_id is 'The measurement_set product, a version of it';
comment on column radio.conversion_performance.group_key is 'Partition of that product';
comment on column radio.conversion_performance.version is 'Version of that product';
comment on column radio.conversion_performance.writer is
    'direct: our own, streaming; pyuvdata: UVData.write_ms, the whole group in memory';
comment on column radio.conversion_performance.rows is 'Rows of the main table';
comment on column radio.conversion_performance.input_bytes is 'Size of the subbands read';
comment on column radio.conversion_performance.ms_bytes is 'Size of the Measurement Set on disk';
comment on column radio.conversion_performance.load_seconds is
    'Headers and visibilities read. The direct writer reads, phases and writes at the same time, on several '
    'threads: its seconds add up over them and overlap';
comment on column radio.conversion_performance.phase_seconds is
    'Fields, (u, v, w), delays and the rotation of the visibilities';
comment on column radio.conversion_performance.write_seconds is 'Main table and subtables, until they are closed';
comment on column radio.conversion_performance.total_seconds is 'By the clock, from the first file opened to the last table closed; checksums of the inputs are in it';
comment on column radio.conversion_performance.peak_rss_bytes is 'Largest resident memory of the converting process';
comment on column radio.conversion_performance.started_at is 'When the conversion began';
