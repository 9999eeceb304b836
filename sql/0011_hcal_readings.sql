-- Raw telemetry as loaded from snapshot files. Every time is UTC; the time of a reading is the
-- start of its acquisition cycle, the same for all towers, so that "all towers at t" is an equality.

create type hcal.gain_mode as enum ('normal', 'high');
comment on type hcal.gain_mode is 'Pre-amplifier gain; controllers power up in high';

create table hcal.snapshot (
    cycle timestamptz primary key,
    arrival_id bigint not null unique references platform.arrival,
    sequence bigint not null,
    acquisition_id text not null,
    run_number integer not null,
    boards_ok smallint not null,
    boards_partial smallint not null,
    boards_down smallint not null,
    boards_absent smallint not null,
    boards_unmapped smallint not null,
    towers_read smallint not null,
    map_digest text not null,
    run_id text not null,
    loaded_at timestamptz not null default now(),
    level text check (level in ('pass', 'warn', 'fail')),
    verdicts jsonb
);
comment on table hcal.snapshot is 'One row an acquisition cycle that was loaded';
comment on column hcal.snapshot.cycle is 'Start of the cycle: the identity of the snapshot';
comment on column hcal.snapshot.arrival_id is 'Row of the ledger with the file, its digest and its path';
comment on column hcal.snapshot.sequence is 'Counts the cycles of one acquisition process; a gap is a lost snapshot';
comment on column hcal.snapshot.acquisition_id is 'The acquisition process';
comment on column hcal.snapshot.run_number is 'Data-taking run, -1 where unknown';
comment on column hcal.snapshot.boards_absent is 'Boards of the channel map that were not polled';
comment on column hcal.snapshot.boards_unmapped is 'Boards in the file that the channel map does not know; their readings were not loaded';
comment on column hcal.snapshot.towers_read is 'Towers with a temperature';
comment on column hcal.snapshot.map_digest is 'SHA-256 of the channel map file it was loaded with';
comment on column hcal.snapshot.run_id is 'The run that loaded it';
comment on column hcal.snapshot.level is 'Worst verdict on this snapshot; null until judged';
comment on column hcal.snapshot.verdicts is 'The verdicts on this snapshot: metric, value, level, limit, detail';

create table hcal.board_reading (
    ts timestamptz not null,
    board text not null,
    status text not null check (status in ('ok', 'partial', 'down', 'absent', 'unmapped')),
    sampled_at timestamptz,
    failed_readings smallint not null default 0,
    error jsonb,
    primary key (ts, board)
);
comment on table hcal.board_reading is 'State of each controller in each cycle';
comment on column hcal.board_reading.ts is 'Start of the cycle (hcal.snapshot.cycle)';
comment on column hcal.board_reading.status is 'ok: everything read; partial: some readings failed; down: none succeeded; absent: in the channel map but not polled; unmapped: not in the channel map, readings not loaded';
comment on column hcal.board_reading.sampled_at is 'When the board was asked in this cycle; null when it was not reached';
comment on column hcal.board_reading.failed_readings is 'Number of readings (temperatures, leakage, offsets, voltages, gain of 8 channels) that failed';
comment on column hcal.board_reading.error is 'What went wrong: error, what, expected, found, remedy; channels: the failed readings by channel';
create index board_reading_by_board on hcal.board_reading (board, ts);

create table hcal.tower_reading (
    ts timestamptz not null,
    temperature real,
    leakage real,
    bias_offset real,
    bias real,
    lv_positive real,
    lv_negative real,
    gain hcal.gain_mode,
    tower_id smallint not null,
    primary key (ts, tower_id)
) partition by range (ts);
comment on table hcal.tower_reading is 'Raw state of each tower in each cycle, one partition a month (hcal.ensure_month). Null: not read. All towers at a time: where ts = (a cycle). One tower over time: join hcal.snapshot on ts = cycle, which seeks the key once a cycle';
comment on column hcal.tower_reading.ts is 'Start of the cycle (hcal.snapshot.cycle)';
comment on column hcal.tower_reading.temperature is 'SiPM temperature, deg C';
comment on column hcal.tower_reading.leakage is 'SiPM leakage current as the controller reports it (meaningful with bias on)';
comment on column hcal.tower_reading.bias_offset is 'Bias offset as set, signed, DAC/mV units';
comment on column hcal.tower_reading.bias is 'Bias voltage of the half-sector as reported, V';
comment on column hcal.tower_reading.lv_positive is 'Positive low voltage of the half-sector, V';
comment on column hcal.tower_reading.lv_negative is 'Negative low voltage of the half-sector, V';
comment on column hcal.tower_reading.gain is 'Pre-amplifier gain of the half-sector';
comment on column hcal.tower_reading.tower_id is 'hcal.tower';

create function hcal.ensure_month(moment timestamptz) returns text
language plpgsql as $$
declare
    first timestamptz := date_trunc('month', moment, 'UTC');
    next timestamptz := (first at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    name text := 'tower_reading_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
    if to_regclass('hcal.' || name) is not null then
        return name;
    end if;
    -- One creator at a time; who waited finds the partition made. It is looked up by a query: an
    -- advisory lock does not refresh the session's catalog cache, so to_regclass would still say no.
    perform pg_advisory_xact_lock(hashtext('hcal.ensure_month'));
    if not exists (select from pg_class where relnamespace = 'hcal'::regnamespace and relname = name) then
        -- attaching a table made beside locks the parent far less than "create ... partition of"
        execute format('create table hcal.%I (like hcal.tower_reading including all, check (ts >= %L and ts < %L))',
                       name, first, next);
        execute format('alter table hcal.tower_reading attach partition hcal.%I for values from (%L) to (%L)',
                       name, first, next);
    end if;
    return name;
end
$$;
comment on function hcal.ensure_month(timestamptz) is 'Create the partition of hcal.tower_reading for the UTC month of a time unless it exists; return its name';
