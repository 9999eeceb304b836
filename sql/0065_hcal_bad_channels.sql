-- Channels that must not be trusted, when, and why.

create table hcal.bad_channel (
    tower_id smallint not null,
    validity tstzrange not null check (not isempty(validity)),
    reason text not null check (reason in ('dead', 'noisy', 'saturated', 'unstable', 'hot', 'stuck', 'missing')),
    severity smallint not null check (severity in (1, 2)),
    source text not null check (source in ('led', 'pedestal', 'temperature')),
    value real,
    "limit" real,
    recorded_at timestamptz not null default clock_timestamp(),
    -- one number for (tower, source, reason): no btree_gist on the embedded server
    subject integer not null generated always as (
        tower_id::integer * 32
        + case source when 'led' then 0 when 'pedestal' then 8 else 16 end
        + case reason when 'dead' then 0 when 'noisy' then 1 when 'saturated' then 2 when 'unstable' then 3
                      when 'hot' then 4 when 'stuck' then 5 else 6 end
    ) stored,
    exclude using gist (int4range(subject, subject, '[]') with &&, validity with &&)
);
comment on table hcal.bad_channel is 'Bad-channel map: towers that must not be trusted, when, and why';
comment on column hcal.bad_channel.tower_id is 'Unique over detectors: OHCal 0-1535, IHCal 1536-3071, EMCal 3072-27647';
comment on column hcal.bad_channel.validity is 'UTC. From a run: since the run that found it, until the run that no longer does (open: still so). From temperatures: the UTC day';
comment on column hcal.bad_channel.reason is 'dead: no light or no noise; noisy; saturated; unstable during the run; hot: temperature above its limit; stuck: the reading never changes; missing: not in the run, or not read';
comment on column hcal.bad_channel.severity is '1: usable with care; 2: not usable';
comment on column hcal.bad_channel.source is 'What it was seen in: led and pedestal runs, or temperature readings';
comment on column hcal.bad_channel.value is 'Quantity that was judged; null where there is none';
comment on column hcal.bad_channel."limit" is 'Limit it was judged by';
comment on column hcal.bad_channel.recorded_at is 'When the row was written';
comment on column hcal.bad_channel.subject is 'Tower, source and reason in one number, for the exclusion of overlaps';
create index bad_channel_by_tower on hcal.bad_channel (tower_id);

create function hcal.bad_channels_at(moment timestamptz)
returns table (tower_id smallint, severity smallint, reasons text[])
language sql stable as $$
    select b.tower_id, max(b.severity), array_agg(distinct b.reason order by b.reason)
    from hcal.bad_channel b where b.validity @> moment
    group by b.tower_id
$$;
comment on function hcal.bad_channels_at(timestamptz) is 'Towers that are bad at a time, the worst severity and all reasons';
