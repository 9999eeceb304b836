-- The electromagnetic calorimeter: its towers, the map of its boards, and their state as loaded from
-- snapshot files. Every time is UTC; the time of a reading is the start of its acquisition cycle.

create table hcal.emcal_tower (
    tower_id smallint primary key,
    towerid smallint not null unique check (towerid between 0 and 24575),
    packed_key integer not null unique,
    raw_tower_key integer not null unique,
    ieta smallint not null check (ieta between 0 and 95),
    iphi smallint not null check (iphi between 0 and 255),
    sector smallint not null check (sector between 0 and 63),
    interface_board smallint not null check (interface_board between 0 and 5),
    board_channel smallint not null check (board_channel between 0 and 63),
    packet smallint not null check (packet between 6001 and 6128),
    packet_channel smallint not null check (packet_channel between 0 and 191),
    unique (ieta, iphi),
    unique (sector, interface_board, board_channel),
    unique (packet, packet_channel),
    check (tower_id = towerid + 3072),
    check (packed_key = iphi + (ieta::integer << 16)),
    check (raw_tower_key = iphi + (ieta::integer << 12) + (1 << 24))
);
comment on table hcal.emcal_tower is 'The 24,576 towers of the EMCal: every number under which anyone knows a tower. Written by the loader from the one place in the code that knows tower numbering (dsa_hcal_assets/hcal/emcal/geometry.py)';
comment on column hcal.emcal_tower.tower_id is 'Unique over detectors: 3072-27647 (OHCal and IHCal come before, hcal.tower)';
comment on column hcal.emcal_tower.towerid is 'Number within the detector, as reconstruction counts';
comment on column hcal.emcal_tower.packed_key is 'Reconstruction''s key (TowerInfoDefs): iphi + (ieta << 16)';
comment on column hcal.emcal_tower.raw_tower_key is 'Reconstruction''s older key (RawTowerDefs, calorimeter CEMC = 1): iphi + (ieta << 12) + (1 << 24)';
comment on column hcal.emcal_tower.ieta is 'Bin in pseudorapidity, from south to north';
comment on column hcal.emcal_tower.iphi is 'Bin in azimuth';
comment on column hcal.emcal_tower.sector is '0-31 north, 32-63 south; 8 bins of phi each';
comment on column hcal.emcal_tower.interface_board is '0-5 within the sector, 64 towers each';
comment on column hcal.emcal_tower.board_channel is 'Channel of the interface board';
comment on column hcal.emcal_tower.packet is 'Packet of the data acquisition';
comment on column hcal.emcal_tower.packet_channel is 'Channel in the packet';

create table hcal.emcal_board_map (
    controller text not null,
    channel smallint not null check (channel between 0 and 5),
    sector smallint not null check (sector between 0 and 63),
    interface_board smallint not null check (interface_board between 0 and 5),
    validity tstzrange not null check (not isempty(validity))
);
comment on table hcal.emcal_board_map is 'Which interface board is behind which channel of which controller, and when; copy of the board map file in use';
comment on column hcal.emcal_board_map.controller is 'Controller, as named in the controllers configuration';
comment on column hcal.emcal_board_map.channel is 'Channel of the controller';
comment on column hcal.emcal_board_map.sector is 'hcal.emcal_tower.sector';
comment on column hcal.emcal_board_map.interface_board is 'hcal.emcal_tower.interface_board';
comment on column hcal.emcal_board_map.validity is 'Time for which this holds; at any time each board has one place';
create unique index emcal_board_map_by_place on hcal.emcal_board_map (controller, channel, lower(validity));
create unique index emcal_board_map_by_board on hcal.emcal_board_map (sector, interface_board, lower(validity));

create table hcal.emcal_board_reading (
    ts timestamptz not null,
    controller text not null,
    channel smallint not null,
    sector smallint,
    interface_board smallint,
    status text not null check (status in ('ok', 'partial', 'down', 'absent', 'unmapped')),
    sampled_at timestamptz,
    gain hcal.gain_mode,
    bias real,
    lv_positive real,
    lv_negative real,
    failed_readings smallint not null default 0,
    error jsonb,
    primary key (ts, controller, channel)
);
comment on table hcal.emcal_board_reading is 'State of each interface board in each cycle';
comment on column hcal.emcal_board_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source emcal)';
comment on column hcal.emcal_board_reading.controller is 'Controller through which it was asked; of an absent board the one the map names';
comment on column hcal.emcal_board_reading.channel is 'Channel of the controller';
comment on column hcal.emcal_board_reading.sector is 'hcal.emcal_tower.sector; null where the map does not know the place';
comment on column hcal.emcal_board_reading.interface_board is 'hcal.emcal_tower.interface_board; null where the map does not know the place';
comment on column hcal.emcal_board_reading.status is 'ok: everything read; partial: some readings failed; down: none succeeded; absent: in the map but not polled; unmapped: not in the map, its towers were not loaded';
comment on column hcal.emcal_board_reading.sampled_at is 'When its controller was asked in this cycle; null when it was not reached';
comment on column hcal.emcal_board_reading.gain is 'Pre-amplifier gain; null: not read';
comment on column hcal.emcal_board_reading.bias is 'Bias voltage as reported, V; null: not read';
comment on column hcal.emcal_board_reading.lv_positive is 'Positive low voltage, V';
comment on column hcal.emcal_board_reading.lv_negative is 'Negative low voltage, V';
comment on column hcal.emcal_board_reading.failed_readings is 'Readings (temperatures, voltages, leakage, gain) that failed';
comment on column hcal.emcal_board_reading.error is 'The failed readings: what went wrong, by name of the reading';
create index emcal_board_reading_by_board on hcal.emcal_board_reading (sector, interface_board, ts);

create table hcal.emcal_reading (
    ts timestamptz not null,
    temperature_sipm real,
    temperature_preamp real,
    bias real,
    leakage real,
    tower_id smallint not null,
    primary key (ts, tower_id)
) partition by range (ts);
comment on table hcal.emcal_reading is 'Raw state of each EMCal tower in each cycle, one partition a month (hcal.ensure_month). Null: not read. All towers at a time: where ts = (a cycle). One tower over time: join hcal.source_snapshot on ts = cycle, which seeks the key once a cycle';
comment on column hcal.emcal_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source emcal)';
comment on column hcal.emcal_reading.temperature_sipm is 'SiPM temperature, deg C, of the sensor the board layout gives the tower';
comment on column hcal.emcal_reading.temperature_preamp is 'Pre-amplifier temperature, deg C, of the sensor the board layout gives the tower';
comment on column hcal.emcal_reading.bias is 'Bias voltage of the interface board as reported, V';
comment on column hcal.emcal_reading.leakage is 'SiPM leakage current as the board reports it (meaningful with bias on)';
comment on column hcal.emcal_reading.tower_id is 'hcal.emcal_tower';
