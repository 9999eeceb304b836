-- What the calorimeter consists of: towers, and which controller value belongs to which tower.
-- The rows are written by the loader (dsa_hcal_assets/hcal/dimensions.py), from the one place in
-- the code that knows tower numbering and from the channel map file, so that neither is typed twice.

create schema if not exists hcal;
comment on schema hcal is 'Detector state of the hadronic calorimeter';

create table hcal.setting (
    name text primary key,
    value text not null
);
comment on table hcal.setting is 'Values the views and the loader need inside the database';
comment on column hcal.setting.name is 'local_zone: zone of naive times in compatibility views; channel_map_digest: SHA-256 of the map file hcal.channel_map was filled from';

create table hcal.tower (
    tower_id smallint primary key,
    detector smallint not null check (detector in (0, 1)),
    towerid smallint not null check (towerid between 0 and 1535),
    packed_key integer not null,
    sector smallint not null check (sector between 0 and 31),
    half char(1) not null check (half in ('N', 'S')),
    ieta smallint not null check (ieta between 0 and 23),
    iphi smallint not null check (iphi between 0 and 63),
    sector_id smallint not null,
    half_sector smallint not null,
    half_sector_label text not null,
    unique (detector, towerid),
    unique (detector, ieta, iphi),
    unique (detector, packed_key),
    check (tower_id = detector * 1536 + towerid),
    check (packed_key = iphi + (ieta::integer << 16)),
    check (sector_id = detector * 32 + sector),
    check (half_sector = 2 * sector_id + case half when 'N' then 0 else 1 end)
);
comment on table hcal.tower is 'The 3072 towers of OHCal and IHCal: every number under which anyone knows a tower';
comment on column hcal.tower.tower_id is 'Unique over detectors: OHCal 0-1535, IHCal 1536-3071 (EMCal will be 3072-27647)';
comment on column hcal.tower.detector is '0 = OHCal (HCALOUT), 1 = IHCal (HCALIN)';
comment on column hcal.tower.towerid is 'Number within the detector, as reconstruction counts';
comment on column hcal.tower.packed_key is 'Reconstruction''s key: iphi + (ieta << 16)';
comment on column hcal.tower.sector is '0-31 within the detector, 2 bins of phi each';
comment on column hcal.tower.half is 'N: ieta 12-23, S: ieta 0-11';
comment on column hcal.tower.ieta is 'Bin in pseudorapidity, from south to north';
comment on column hcal.tower.iphi is 'Bin in azimuth';
comment on column hcal.tower.sector_id is '0-31 outer, 32-63 inner, as the bias supplies'' log counts';
comment on column hcal.tower.half_sector is '0-127: 2 x sector_id, + 1 for the south half; one controller channel';
comment on column hcal.tower.half_sector_label is 'Name on the shift displays, such as O-31S';
create index tower_by_half_sector on hcal.tower (half_sector);

create table hcal.channel_map (
    board text not null,
    channel smallint not null check (channel between 0 and 7),
    value smallint not null check (value between 0 and 23),
    tower_id smallint not null references hcal.tower,
    validity tstzrange not null check (not isempty(validity)),
    -- no btree_gist on the embedded server, hence the range of one number
    exclude using gist (int4range(tower_id, tower_id, '[]') with &&, validity with &&)
);
comment on table hcal.channel_map is 'Which tower the value-th number of a controller channel''s reply belongs to, and when; copy of the channel map file in use';
comment on column hcal.channel_map.board is 'Controller, as named in the boards configuration';
comment on column hcal.channel_map.channel is 'Channel of the controller = half-sector';
comment on column hcal.channel_map.value is 'Position in the reply, from 0';
comment on column hcal.channel_map.validity is 'Time for which this holds; two values never have the same tower at one time';
create unique index channel_map_by_value on hcal.channel_map (board, channel, value, lower(validity));
