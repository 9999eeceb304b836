-- What became of each night of observing, summed up once it is over.

create table radio.night_summary (
    night date primary key,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    collecting integer not null,
    pending integer not null,
    in_progress integer not null,
    completed integer not null,
    failed integer not null,
    verdicts_pass integer not null,
    verdicts_warn integer not null,
    verdicts_fail integer not null,
    images integer not null,
    flux_ratio double precision,
    wall_median_seconds double precision,
    wall_longest_seconds double precision,
    closed_at timestamptz not null,
    constraint night_summary_times check (starts_at < ends_at)
);
create index observation_group_last_seen on radio.observation_group (last_seen);

comment on table radio.night_summary is 'One row a night with observations, from noon to noon; made anew when more of it arrives';
comment on column radio.night_summary.night is 'Day on whose noon the night begins, in the zone of the setting';
comment on column radio.night_summary.starts_at is 'Noon before the night (UTC)';
comment on column radio.night_summary.ends_at is 'Noon after the night (UTC), exclusive';
comment on column radio.night_summary.collecting is 'Groups that still lack subbands';
comment on column radio.night_summary.pending is 'Groups that wait to be processed';
comment on column radio.night_summary.in_progress is 'Groups taken up without a report yet';
comment on column radio.night_summary.completed is 'Groups with a report';
comment on column radio.night_summary.failed is 'Groups given up incomplete, or stopped by a gate';
comment on column radio.night_summary.verdicts_pass is 'Verdicts that count on the groups'' current products: passed';
comment on column radio.night_summary.verdicts_warn is 'The same: warnings';
comment on column radio.night_summary.verdicts_fail is 'The same: failed';
comment on column radio.night_summary.images is 'Images whose sources were compared with a catalogue';
comment on column radio.night_summary.flux_ratio is 'Median over these images of the measured over the catalogue''s flux density; null: no image';
comment on column radio.night_summary.wall_median_seconds is 'From a group''s last subband to its first report, median over completed groups, s';
comment on column radio.night_summary.wall_longest_seconds is 'The same for the slowest group, s';
comment on column radio.night_summary.closed_at is 'When it was summed up';
