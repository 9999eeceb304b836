-- Catalogues of sources by version, the calibrators among them, and which of those cross the meridian
-- in a group or in the days to come.

create function radio.separation_deg(
    ra1 double precision, dec1 double precision, ra2 double precision, dec2 double precision
) returns double precision language sql immutable parallel safe
return 2 * asind(least(1.0, sqrt(
    power(sind((dec2 - dec1) / 2), 2) + cosd(dec1) * cosd(dec2) * power(sind((ra2 - ra1) / 2), 2)
)));
comment on function radio.separation_deg is
    'Angle between two positions, all in deg (haversine: exact to rounding up to 90 deg)';

create table radio.catalogue (
    catalogue_id integer generated always as identity primary key,
    name text not null check (name ~ '^[a-z0-9][a-z0-9_.-]*$'),
    version integer not null check (version > 0),
    kind text not null check (kind in ('calibrators', 'sources')),
    state text not null check (state in ('current', 'superseded', 'removed')),
    origin text not null,
    checksum text not null,
    frequency_hz double precision check (frequency_hz > 0),
    sources integer not null check (sources >= 0),
    refused integer not null check (refused >= 0),
    columns jsonb not null,
    problems jsonb not null,
    loaded_at timestamptz not null default clock_timestamp(),
    unique (name, version)
);
create unique index catalogue_current on radio.catalogue (name) where state = 'current';

comment on table radio.catalogue is 'One row a loaded version of a catalogue; rows are never deleted';
comment on column radio.catalogue.kind is 'calibrators: with bands and position codes; sources: a survey';
comment on column radio.catalogue.state is
    'current: the version readers get; superseded: an older one, its sources kept; removed: its sources are gone';
comment on column radio.catalogue.origin is 'Name of the file it was read from';
comment on column radio.catalogue.checksum is 'SHA-256 of that file and of the columns chosen from it';
comment on column radio.catalogue.frequency_hz is 'Where flux_jy holds, Hz';
comment on column radio.catalogue.refused is 'Lines or rows that could not be used';
comment on column radio.catalogue.columns is 'Which column of the file became what, with its unit';
comment on column radio.catalogue.problems is 'The first refused lines or rows: line, text, reason';

create table radio.catalogue_source (
    catalogue_id integer not null references radio.catalogue,
    source_number integer not null,
    name text,
    ra_deg double precision not null check (ra_deg >= 0 and ra_deg < 360),
    dec_deg double precision not null check (dec_deg between -90 and 90),
    healpix integer not null check (healpix between 0 and 786431),
    flux_jy double precision,
    flux_error_jy double precision,
    spectral_index double precision,
    position_error_arcsec double precision,
    primary key (catalogue_id, source_number)
);
create index catalogue_source_sky on radio.catalogue_source (catalogue_id, healpix);

comment on table radio.catalogue_source is 'Sources of all versions of all catalogues';
comment on column radio.catalogue_source.source_number is 'Row of the file, from 1';
comment on column radio.catalogue_source.ra_deg is 'ICRS, deg';
comment on column radio.catalogue_source.dec_deg is 'ICRS, deg';
comment on column radio.catalogue_source.healpix is 'HEALPix pixel of the position: nside 256, nested ordering, ICRS';
comment on column radio.catalogue_source.flux_jy is 'Flux density at the catalogue''s frequency, Jy; null: not measured there';
comment on column radio.catalogue_source.spectral_index is 'alpha of S ~ frequency^alpha';
comment on column radio.catalogue_source.position_error_arcsec is 'The larger of both coordinates'', arcsec';

create table radio.calibrator (
    catalogue_id integer not null,
    source_number integer not null,
    aliases text[] not null,
    position_code text not null,
    primary key (catalogue_id, source_number),
    foreign key (catalogue_id, source_number) references radio.catalogue_source on delete cascade
);
comment on table radio.calibrator is 'What the VLA calibrator list says of a source beyond its position';
comment on column radio.calibrator.position_code is
    'Position error, arcsec: A below 0.002, B below 0.01, C below 0.15, T above';

create table radio.calibrator_band (
    catalogue_id integer not null,
    source_number integer not null,
    wavelength_cm double precision not null check (wavelength_cm > 0),
    band text not null,
    frequency_hz double precision not null check (frequency_hz > 0),
    flux_jy double precision check (flux_jy > 0),
    quality text not null check (length(quality) = 4),
    uvmin_klambda double precision,
    uvmax_klambda double precision,
    primary key (catalogue_id, source_number, wavelength_cm),
    foreign key (catalogue_id, source_number) references radio.calibrator on delete cascade
);
comment on table radio.calibrator_band is 'Flux densities of calibrators by band';
comment on column radio.calibrator_band.flux_jy is 'Approximate, Jy; null: not measured';
comment on column radio.calibrator_band.quality is
    'Codes for the configurations A, B, C, D: P best, S, W, C, X do not use, ? unknown';
comment on column radio.calibrator_band.uvmin_klambda is 'Shortest useful baseline, kilowavelengths';
comment on column radio.calibrator_band.uvmax_klambda is 'Longest useful baseline, kilowavelengths';

create view radio.current_source as
select c.name as catalogue, c.version, c.kind, c.frequency_hz, s.*
from radio.catalogue_source s
join radio.catalogue c using (catalogue_id)
where c.state = 'current';
comment on view radio.current_source is 'Sources of the current versions of all catalogues';

create table radio.group_calibrator (
    group_key text not null references radio.observation_group on delete cascade,
    rank smallint not null check (rank > 0),
    calibrator text not null,
    ra_deg double precision not null,
    dec_deg double precision not null,
    transit timestamptz not null,
    separation_deg double precision not null check (separation_deg >= 0),
    response double precision not null check (response between 0 and 1),
    flux_jy double precision not null check (flux_jy > 0),
    apparent_jy double precision not null check (apparent_jy >= 0),
    frequency_hz double precision not null,
    matched_at timestamptz not null default clock_timestamp(),
    primary key (group_key, rank),
    unique (group_key, calibrator)
);
create index group_calibrator_by_name on radio.group_calibrator (calibrator, transit);

comment on table radio.group_calibrator is
    'Which calibrators cross the meridian within a group and its beam; written when a group is matched';
comment on column radio.group_calibrator.rank is '1: the brightest behind the primary beam';
comment on column radio.group_calibrator.transit is 'When its apparent right ascension is on the meridian';
comment on column radio.group_calibrator.separation_deg is 'From the pointing at transit, deg';
comment on column radio.group_calibrator.response is 'Primary beam at that distance';
comment on column radio.group_calibrator.apparent_jy is 'Flux density times response, Jy';
comment on column radio.group_calibrator.frequency_hz is 'Where flux and beam hold, Hz';

create table radio.planned_transit (
    profile text not null,
    calibrator text not null,
    transit timestamptz not null,
    pointing_dec_deg double precision not null check (pointing_dec_deg between -90 and 90),
    separation_deg double precision not null,
    response double precision not null,
    flux_jy double precision not null,
    apparent_jy double precision not null,
    planned_at timestamptz not null default clock_timestamp(),
    primary key (profile, transit, calibrator)
);
comment on table radio.planned_transit is
    'Transits of calibrators ahead, for the declination pointed to; each plan replaces what was ahead';
comment on column radio.planned_transit.pointing_dec_deg is 'Apparent declination pointed to, deg';
comment on column radio.planned_transit.separation_deg is 'From the pointing at transit, deg';

create view radio.coming_transit as
select t.*, t.transit - now() as until
from radio.planned_transit t
where t.transit >= now()
order by t.transit;
comment on view radio.coming_transit is 'Planned transits that have not happened yet, next first';
