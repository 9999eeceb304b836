-- What was out of order in the detector, from when to when. Found day by day (hcal.anomaly_part, replaced
-- whole when a day is looked at again), told as what people mean by an anomaly (hcal.anomaly, which may
-- last for weeks and is put together from its parts).

create table hcal.anomaly_part (
    day date not null,
    kind text not null,
    quantity text not null,
    place text not null,
    started_at timestamptz not null,
    last_seen_at timestamptz,
    ended_at timestamptz,
    detector smallint check (detector in (0, 1, 2)),
    half_sector smallint check (half_sector between 0 and 127),
    tower_id smallint,
    board text,
    severity text check (severity in ('warning', 'error')),
    value double precision,
    limit_value double precision,
    samples integer not null check (samples >= 0),
    detail jsonb not null default '{}',
    primary key (kind, quantity, place, started_at),
    check (ended_at is null or ended_at >= started_at),
    check (samples = 0 or (last_seen_at >= started_at and severity is not null)),
    check (samples > 0 or ended_at = started_at)
);
comment on table hcal.anomaly_part is 'The part of an anomaly that lies in one UTC day; recomputing a day replaces its parts';
comment on column hcal.anomaly_part.day is 'UTC day of the samples';
comment on column hcal.anomaly_part.kind is 'As hcal.anomaly.kind';
comment on column hcal.anomaly_part.quantity is 'As hcal.anomaly.quantity';
comment on column hcal.anomaly_part.place is 'As hcal.anomaly.place';
comment on column hcal.anomaly_part.started_at is 'First abnormal sample of the day; in a part without samples, when the place was first seen normal again';
comment on column hcal.anomaly_part.last_seen_at is 'Last abnormal sample of the day';
comment on column hcal.anomaly_part.ended_at is 'First normal sample after it in this day; null: none before the day ended';
comment on column hcal.anomaly_part.detector is 'As hcal.anomaly.detector';
comment on column hcal.anomaly_part.half_sector is 'As hcal.anomaly.half_sector';
comment on column hcal.anomaly_part.tower_id is 'As hcal.anomaly.tower_id';
comment on column hcal.anomaly_part.board is 'As hcal.anomaly.board';
comment on column hcal.anomaly_part.severity is 'Worst of the day';
comment on column hcal.anomaly_part.value is 'Worst of the day, as hcal.anomaly.value';
comment on column hcal.anomaly_part.limit_value is 'As hcal.anomaly.limit_value';
comment on column hcal.anomaly_part.samples is 'Abnormal samples of the day; 0: an anomaly of an earlier day was found to be over';
comment on column hcal.anomaly_part.detail is 'As hcal.anomaly.detail';
create index anomaly_part_by_day on hcal.anomaly_part (day);

create table hcal.anomaly (
    anomaly_id bigint generated always as identity primary key,
    kind text not null,
    quantity text not null,
    place text not null,
    detector smallint check (detector in (0, 1, 2)),
    half_sector smallint check (half_sector between 0 and 127),
    tower_id smallint,
    board text,
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    ended_at timestamptz,
    severity text not null check (severity in ('warning', 'error')),
    value double precision,
    limit_value double precision,
    samples integer not null check (samples > 0),
    detail jsonb not null default '{}',
    day date not null,
    found_at timestamptz not null default now(),
    unique (kind, quantity, place, started_at),
    check (last_seen_at >= started_at),
    check (ended_at is null or ended_at > last_seen_at)
);
comment on table hcal.anomaly is 'What was out of order in the detector, one row from its first abnormal sample to the first normal one. In force at t: started_at <= t and (ended_at is null or ended_at > t)';
comment on column hcal.anomaly.anomaly_id is 'Stays when days are recomputed, unless the anomaly turns out to have begun at another time';
comment on column hcal.anomaly.kind is 'limit: outside its traffic light; change: moved too fast; history: far from the own previous days; neighbours: far from the towers around; half_sector: far from the own half-sector; mismatch: read back other than set; off: supply off; mode: gain other than the rest; silent: board without replies';
comment on column hcal.anomaly.quantity is 'What was measured: temperature, leakage, bias_offset, bias, lv_positive, lv_negative, gain, replies';
comment on column hcal.anomaly.place is 'Name for people of the tower, half-sector, detector or board';
comment on column hcal.anomaly.detector is '0 = OHCal, 1 = IHCal, 2 = EMCal; null: a board';
comment on column hcal.anomaly.half_sector is 'hcal.tower.half_sector; null: a board or a whole detector';
comment on column hcal.anomaly.tower_id is 'hcal.tower; null: all towers of the half-sector, detector or board';
comment on column hcal.anomaly.board is 'Controller; null: a tower or half-sector';
comment on column hcal.anomaly.started_at is 'First abnormal sample';
comment on column hcal.anomaly.last_seen_at is 'Last abnormal sample so far';
comment on column hcal.anomaly.ended_at is 'First normal sample after it; null: open, not seen normal since';
comment on column hcal.anomaly.severity is 'Worst so far: warning or error';
comment on column hcal.anomaly.value is 'Worst value so far: of a limit or supply the reading itself, of a change the change, of history and neighbours the deviation in robust standard deviations, of a mismatch read minus set, of silence the cycles';
comment on column hcal.anomaly.limit_value is 'The limit that the value is beyond, in the unit of the value; null where a mode is compared';
comment on column hcal.anomaly.samples is 'Abnormal samples so far';
comment on column hcal.anomaly.detail is 'What belongs to the worst sample: reading, reference (median, set point, majority), unit';
comment on column hcal.anomaly.day is 'UTC day it began';
comment on column hcal.anomaly.found_at is 'When this row was first written';
create index anomaly_by_day on hcal.anomaly (day);
create index anomaly_by_tower on hcal.anomaly (tower_id, started_at);
create index anomaly_open on hcal.anomaly (started_at) where ended_at is null;
create index anomaly_by_end on hcal.anomaly (ended_at);
