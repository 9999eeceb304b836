-- Lists of Measurement Sets, images and groups, newest first, quick over years of groups.

create index current_product_by_id on platform.current_product (kind, product_id desc);
create index observation_group_changed on radio.observation_group (last_seen desc, group_key desc);

create view radio.ms_index as
select
    ms.product_id,
    made.partition as group_key,
    ms.version,
    ms.path || '/visibilities.ms' as path,
    ms.bytes,
    g.profile,
    g.telescope,
    g.declination_deg as pointing_dec_deg,
    (select min(s.first_mjd) from radio.subband s where s.group_key = made.partition) as start_mjd,
    (select max(s.last_mjd) from radio.subband s where s.group_key = made.partition) as end_mjd,
    (select c.calibrator from radio.group_calibrator c where c.group_key = made.partition and c.rank = 1)
        as calibrator,
    case
        when image.product_id is not null then 'imaged'
        when calibrated.product_id is not null then 'calibrated'
        when flags.product_id is not null then 'flagged'
        else 'converted'
    end as stage,
    case
        when exists (
            select from platform.verdict v
            where v.partition = made.partition and v.blocking and lower(v.level) = 'fail'
              and v.product_id in (made.product_id, flags.product_id, calibrated.product_id, image.product_id)
              and not exists (
                  select from platform.verdict later
                  where later.product_id = v.product_id and later.stage = v.stage and later.metric = v.metric
                    and later.verdict_id > v.verdict_id
              )
        ) then 'failed'
        when image.product_id is not null then 'done'
        when calibrated.product_id is null and 'none' = (
            select u.standing from radio.calibration_use u
            where u.group_key = made.partition and u.decided_at > ms.created_at
            order by u.use_id desc limit 1
        ) then 'no_calibration'
        else 'pending'
    end as status,
    (select p.created_at from platform.product p
     where p.product_id
           = coalesce(image.product_id, calibrated.product_id, flags.product_id, made.product_id)
    ) as stage_updated_at,
    ms.created_at as processed_at,
    calibrated.product_id is not null as cal_applied,
    image.product_id as image_id
from platform.current_product made
join platform.product ms on ms.product_id = made.product_id
left join radio.observation_group g on g.group_key = made.partition
-- what was made of an older version, or of older flags, does not count
left join platform.current_product flags
    on flags.partition = made.partition and flags.kind = 'flags' and flags.product_id > made.product_id
left join platform.current_product calibrated
    on calibrated.partition = made.partition and calibrated.kind = 'calibrated_ms'
    and calibrated.product_id > flags.product_id
left join platform.current_product image
    on image.partition = made.partition and image.kind = 'continuum_image'
    and image.product_id > calibrated.product_id
where made.kind = 'measurement_set';
comment on view radio.ms_index is 'The current Measurement Set of every group, and how far it has come';
comment on column radio.ms_index.product_id is 'The measurement_set product, a version of it';
comment on column radio.ms_index.group_key is 'Middle of the first integration, UTC, to the second';
comment on column radio.ms_index.version is 'Version of that product';
comment on column radio.ms_index.path is 'Directory of the set, relative to the root of the product tree';
comment on column radio.ms_index.bytes is 'Size of the product''s files';
comment on column radio.ms_index.profile is 'Telescope profile; null: the set came from an archive';
comment on column radio.ms_index.telescope is 'Name in the headers; null: the set came from an archive';
comment on column radio.ms_index.pointing_dec_deg is 'Apparent declination of a drift scan''s pointing';
comment on column radio.ms_index.start_mjd is 'Middle of the first integration, MJD (UTC); null: from an archive';
comment on column radio.ms_index.end_mjd is 'Middle of the last integration, MJD (UTC); null: from an archive';
comment on column radio.ms_index.calibrator is 'Brightest calibrator in the beam meanwhile; null: none';
comment on column radio.ms_index.stage is 'converted, flagged, calibrated or imaged: the last product made of it';
comment on column radio.ms_index.status is
    'pending: the next stage is to come; done: imaged; failed: a gate closed; no_calibration: no set could be used';
comment on column radio.ms_index.stage_updated_at is 'When it reached that stage';
comment on column radio.ms_index.processed_at is 'When the set was made';
comment on column radio.ms_index.cal_applied is 'Whether a calibrated copy was made of it';
comment on column radio.ms_index.image_id is 'The continuum_image product made of it; null: none yet';

create view radio.image as
select
    made.product_id,
    made.kind,
    made.partition as group_key,
    p.version,
    p.path,
    p.bytes,
    p.created_at,
    g.profile,
    g.declination_deg as pointing_dec_deg,
    judged.*
from platform.current_product made
join platform.product p on p.product_id = made.product_id
left join radio.observation_group g on g.group_key = made.partition
cross join lateral (
    select
        max(v.value) filter (where v.metric = 'rms') as noise_jy,
        max(v.value) filter (where v.metric = 'noise_ratio') as noise_ratio,
        max(v.value) filter (where v.metric = 'dynamic_range') as dynamic_range,
        max(v.value) filter (where v.metric = 'beam_axis_ratio') as beam_axis_ratio,
        max(v.value) filter (where v.metric = 'flux_ratio') as flux_ratio,
        max(v.value) filter (where v.metric = 'position_offset') as position_offset_arcsec,
        max(v.value) filter (where v.metric = 'matched_sources') as matched_sources,
        max(v.value) filter (where v.metric = 'grade') as grade_points,
        case max(array_position(array['pass', 'warn', 'fail'], lower(v.level)))
            when 1 then 'pass' when 2 then 'warn' when 3 then 'fail' end as level,
        coalesce(bool_or(v.blocking and lower(v.level) = 'fail'), false) as gate_closed
    from (
        select distinct on (stage, metric) metric, value, level, blocking from platform.verdict
        where verdict.product_id = made.product_id order by stage, metric, verdict_id desc
    ) v
) judged
where made.kind in ('continuum_image', 'quicklook_image');
comment on view radio.image is 'The current images of every group with what they were judged by';
comment on column radio.image.product_id is 'The product, a version of it';
comment on column radio.image.kind is 'continuum_image, or quicklook_image: made within minutes of the last subband';
comment on column radio.image.group_key is 'Middle of the first integration, UTC, to the second';
comment on column radio.image.version is 'Version of that product';
comment on column radio.image.path is 'Its directory, relative to the root of the product tree';
comment on column radio.image.bytes is 'Size of its files';
comment on column radio.image.created_at is 'When it was published';
comment on column radio.image.profile is 'Telescope profile; null: made from an archived set';
comment on column radio.image.pointing_dec_deg is 'Apparent declination of a drift scan''s pointing';
comment on column radio.image.noise_jy is 'Noise of the field in which it is highest, Jy/beam';
comment on column radio.image.noise_ratio is 'Noise over what the radiometer equation expects';
comment on column radio.image.dynamic_range is 'Peak over noise, of the field in which it is lowest';
comment on column radio.image.beam_axis_ratio is 'Major over minor axis of the restoring beam';
comment on column radio.image.flux_ratio is 'Median flux density of matched sources over the catalogue''s';
comment on column radio.image.position_offset_arcsec is 'Median displacement of matched sources';
comment on column radio.image.matched_sources is 'Sources of the catalogue that were found';
comment on column radio.image.grade_points is '4 to 0 for the grades A to F; null: not graded';
comment on column radio.image.level is 'Worst verdict: pass, warn or fail; null: not judged yet';
comment on column radio.image.gate_closed is 'Whether a blocking check failed';
