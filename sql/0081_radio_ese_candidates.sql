-- Sources whose light curves may show an extreme scattering event.

create table radio.ese_candidate (
    candidate_id bigint generated always as identity primary key,
    source_id text not null check (source_id <> ''),
    ra_deg double precision not null check (ra_deg >= 0 and ra_deg < 360),
    dec_deg double precision not null check (dec_deg between -90 and 90),
    first_detection_at timestamptz not null,
    last_detection_at timestamptz not null,
    max_sigma_dev double precision not null check (max_sigma_dev > 0),
    current_flux_jy double precision check (current_flux_jy > 0),
    baseline_flux_jy double precision check (baseline_flux_jy > 0),
    flagged_by text not null check (flagged_by <> ''),
    flagged_at timestamptz not null default clock_timestamp(),
    status text not null default 'active'
        check (status in ('active', 'investigated', 'confirmed', 'dismissed')),
    notes text not null default '',
    constraint ese_candidate_order check (first_detection_at <= last_detection_at)
);
create unique index ese_candidate_active on radio.ese_candidate (source_id) where status = 'active';
create index ese_candidate_newest on radio.ese_candidate (last_detection_at desc, candidate_id desc);

comment on table radio.ese_candidate is
    'Sources that may be seen through a plasma lens; one row an event, a source has at most one active one';
comment on column radio.ese_candidate.candidate_id is 'Number of the event';
comment on column radio.ese_candidate.source_id is 'Name of the source in the catalogue it is followed by';
comment on column radio.ese_candidate.ra_deg is 'ICRS, deg';
comment on column radio.ese_candidate.dec_deg is 'ICRS, deg';
comment on column radio.ese_candidate.first_detection_at is 'First epoch that stood out (UTC)';
comment on column radio.ese_candidate.last_detection_at is 'Last epoch that stood out (UTC)';
comment on column radio.ese_candidate.max_sigma_dev is 'Largest departure from the baseline, in standard errors';
comment on column radio.ese_candidate.current_flux_jy is 'Flux density at the last epoch, Jy';
comment on column radio.ese_candidate.baseline_flux_jy is 'Flux density before the event, Jy';
comment on column radio.ese_candidate.flagged_by is 'The search, or the person, that found it';
comment on column radio.ese_candidate.flagged_at is 'When it was entered';
comment on column radio.ese_candidate.status is
    'active: to be looked at; investigated: looked at, undecided; confirmed; dismissed';
comment on column radio.ese_candidate.notes is 'What was found on looking at it';
