-- Power supplies: bias crates, low-voltage crate, source meters, as loaded from incoming/supplies.

create type hcal.supply_kind as enum ('mpod', 'lv_crate', 'meter');
comment on type hcal.supply_kind is 'mpod: bias crate over SNMP; lv_crate: low-voltage crate; meter: source meter';

create table hcal.supply_unit_reading (
    ts timestamptz not null,
    crate text not null,
    kind hcal.supply_kind not null,
    status text not null check (status in ('ok', 'partial', 'down')),
    sampled_at timestamptz,
    main_switch boolean,
    failed_readings smallint not null default 0,
    error jsonb,
    primary key (ts, crate)
);
comment on table hcal.supply_unit_reading is 'How each crate and meter answered in each cycle';
comment on column hcal.supply_unit_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source supplies)';
comment on column hcal.supply_unit_reading.crate is 'Crate or meter, as named in the list of supplies';
comment on column hcal.supply_unit_reading.kind is 'What it is';
comment on column hcal.supply_unit_reading.status is 'ok: everything read; partial: some readings failed; down: none succeeded';
comment on column hcal.supply_unit_reading.sampled_at is 'When it was first asked in this cycle; null when it was not reached';
comment on column hcal.supply_unit_reading.main_switch is 'Main switch of a bias crate; null where there is none or it was not read';
comment on column hcal.supply_unit_reading.failed_readings is 'Number of readings that failed';
comment on column hcal.supply_unit_reading.error is 'What went wrong: error, what, expected, found, remedy; readings: the failed ones by name';
create index supply_unit_reading_by_crate on hcal.supply_unit_reading (crate, ts);

create table hcal.supply_reading (
    ts timestamptz not null,
    v_set real,
    v_meas real,
    i_limit real,
    i_meas real,
    status integer,
    hcal_sector smallint check (hcal_sector between 0 and 63),
    slot smallint not null check (slot >= 0),
    channel smallint not null check (channel >= 0),
    switched_on boolean,
    kind hcal.supply_kind not null,
    crate text not null,
    state text check (state in ('On', 'Tripped', 'Current limited', 'Other')),
    primary key (ts, crate, slot, channel)
) partition by range (ts);
comment on table hcal.supply_reading is 'State of each supply channel in each cycle, one partition a month (hcal.ensure_month). Null: not read, or this kind of supply does not say';
comment on column hcal.supply_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source supplies)';
comment on column hcal.supply_reading.crate is 'Crate or meter, as named in the list of supplies';
comment on column hcal.supply_reading.slot is 'Slot in the crate as its commands count; 0 for a meter';
comment on column hcal.supply_reading.channel is 'Channel of the slot, from 0';
comment on column hcal.supply_reading.kind is 'What the crate is';
comment on column hcal.supply_reading.hcal_sector is 'Sector it serves (hcal.tower.sector_id: 0-31 outer, 32-63 inner) by the supply map of its time; null: none';
comment on column hcal.supply_reading.v_set is 'Voltage set, V';
comment on column hcal.supply_reading.v_meas is 'Voltage measured at the sense lines, V';
comment on column hcal.supply_reading.i_limit is 'Current limit set, A';
comment on column hcal.supply_reading.i_meas is 'Current measured, A';
comment on column hcal.supply_reading.switched_on is 'Whether the channel is switched on (WIENER outputSwitch)';
comment on column hcal.supply_reading.status is 'WIENER outputStatus: bit n of the MIB is the number''s bit n (1 << n)';
comment on column hcal.supply_reading.state is 'What the status bits amount to, as shift displays name it';
create index supply_reading_by_sector on hcal.supply_reading (hcal_sector, ts) where hcal_sector is not null;

create function hcal.ensure_month(parent text, moment timestamptz) returns text
language plpgsql as $$
declare
    first timestamptz := date_trunc('month', moment, 'UTC');
    next timestamptz := (first at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    name text := parent || '_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
    if to_regclass(format('hcal.%I', name)) is not null then
        return name;
    end if;
    -- one creator at a time, looked up by a query: see hcal.ensure_month(timestamptz)
    perform pg_advisory_xact_lock(hashtext('hcal.ensure_month'));
    if not exists (select from pg_class where relnamespace = 'hcal'::regnamespace and relname = name) then
        execute format('create table hcal.%I (like hcal.%I including all, check (ts >= %L and ts < %L))',
                       name, parent, first, next);
        execute format('alter table hcal.%I attach partition hcal.%I for values from (%L) to (%L)',
                       parent, name, first, next);
    end if;
    return name;
end
$$;
comment on function hcal.ensure_month(text, timestamptz) is 'Create the partition of a telemetry table of schema hcal (partitioned by its column ts) for the UTC month of a time unless it exists; return its name';
