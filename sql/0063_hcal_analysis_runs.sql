-- What LED and pedestal runs say about each tower: derived quantities, apart from raw telemetry.
-- A run is analysed whole: its rows are replaced together, in one transaction.

create table hcal.analysis_run (
    run_number integer primary key check (run_number >= 0),
    kind text not null check (kind in ('led', 'pedestal')),
    started_at timestamptz not null,
    ended_at timestamptz not null check (ended_at >= started_at),
    contents text not null check (contents in ('waveforms', 'amplitudes')),
    arrival_ids bigint[] not null,
    events integer not null check (events >= 0),
    towers integer not null check (towers >= 0),
    parameters jsonb not null,
    run_id text not null,
    analysed_at timestamptz not null default clock_timestamp(),
    level text check (level in ('pass', 'warn', 'fail'))
);
comment on table hcal.analysis_run is 'LED and pedestal runs that were analysed';
comment on column hcal.analysis_run.run_number is 'Number of the run';
comment on column hcal.analysis_run.kind is 'led or pedestal';
comment on column hcal.analysis_run.started_at is 'Begin of the run';
comment on column hcal.analysis_run.ended_at is 'Time of the last event';
comment on column hcal.analysis_run.contents is 'What its files hold: waveforms or amplitudes';
comment on column hcal.analysis_run.arrival_ids is 'Rows of the ledger with the files it was made from';
comment on column hcal.analysis_run.events is 'Events of the run; of several detectors'' files the most of any';
comment on column hcal.analysis_run.towers is 'Towers in its files';
comment on column hcal.analysis_run.parameters is 'Settings of the analysis';
comment on column hcal.analysis_run.run_id is 'The run of the platform that analysed it';
comment on column hcal.analysis_run.analysed_at is 'When';
comment on column hcal.analysis_run.level is 'Worst verdict of its quality checks; null until judged. Corrections use pass and warn only';
create index analysis_run_by_time on hcal.analysis_run (kind, started_at);

create table hcal.led_run_tower (
    run_number integer not null references hcal.analysis_run on delete cascade,
    tower_id smallint not null,
    at timestamptz not null,
    n integer not null check (n >= 0),
    led_mean real,
    led_std real,
    led_error real,
    stability real,
    chi2 real,
    outliers real not null check (outliers between 0 and 1),
    saturated real not null check (saturated between 0 and 1),
    pedestal_mean real,
    pedestal_std real,
    light real,
    light_error real,
    status text not null check (status in ('ok', 'dead', 'saturated', 'noisy', 'unstable')),
    primary key (run_number, tower_id)
);
comment on table hcal.led_run_tower is 'Response of each tower to the light pulses of an LED run';
comment on column hcal.led_run_tower.run_number is 'hcal.analysis_run';
comment on column hcal.led_run_tower.tower_id is 'Unique over detectors: OHCal 0-1535, IHCal 1536-3071, EMCal 3072-27647';
comment on column hcal.led_run_tower.at is 'Begin of the run';
comment on column hcal.led_run_tower.n is 'Pulses used: neither saturated nor outliers';
comment on column hcal.led_run_tower.led_mean is 'Mean pulse height above pedestal, ADC counts; null without pulses';
comment on column hcal.led_run_tower.led_std is 'Standard deviation of a pulse''s height, ADC counts';
comment on column hcal.led_run_tower.led_error is 'Uncertainty of led_mean, ADC counts';
comment on column hcal.led_run_tower.stability is 'Standard deviation of led_mean over equal parts of the run, relative to it, statistics subtracted';
comment on column hcal.led_run_tower.chi2 is 'Reduced chi square of those parts against one mean';
comment on column hcal.led_run_tower.outliers is 'Share of pulses left out as outliers';
comment on column hcal.led_run_tower.saturated is 'Share of pulses left out because a sample reached full scale';
comment on column hcal.led_run_tower.pedestal_mean is 'Mean of the samples before the pulse, ADC counts; null for amplitude files';
comment on column hcal.led_run_tower.pedestal_std is 'Standard deviation of one of them, ADC counts';
comment on column hcal.led_run_tower.light is 'Light of its half-sector as the PIN diodes saw it, ADC counts, mean of those that saw any; null where not measured';
comment on column hcal.led_run_tower.light_error is 'Uncertainty of light, ADC counts';
comment on column hcal.led_run_tower.status is 'ok, or the worst of what is wrong with the tower';
create index led_run_tower_series on hcal.led_run_tower (tower_id, at);

create table hcal.led_run_light (
    run_number integer not null references hcal.analysis_run on delete cascade,
    half_sector smallint not null,
    led_mask smallint,
    pindiode real[] check (array_length(pindiode, 1) = 5),
    pindiode_error real[] check (array_length(pindiode_error, 1) = 5),
    led_width smallint[] check (array_length(led_width, 1) = 5),
    led_intensity smallint[] check (array_length(led_intensity, 1) = 5),
    source text not null check (source in ('file', 'slow control')),
    primary key (run_number, half_sector)
);
comment on table hcal.led_run_light is 'Light monitoring of each half-sector in an LED or pedestal run';
comment on column hcal.led_run_light.run_number is 'hcal.analysis_run';
comment on column hcal.led_run_light.half_sector is 'hcal.tower.half_sector';
comment on column hcal.led_run_light.led_mask is 'LEDs that were on, bit 0 the first; null: not known';
comment on column hcal.led_run_light.pindiode is 'Mean of the five PIN diodes, ADC counts';
comment on column hcal.led_run_light.pindiode_error is 'Uncertainty of those means, ADC counts';
comment on column hcal.led_run_light.led_width is 'Pulse width set for the five LEDs';
comment on column hcal.led_run_light.led_intensity is 'Intensity set for the five LEDs, DAC counts';
comment on column hcal.led_run_light.source is 'Where it was read: in the run''s own file, or from slow control around the run';

create table hcal.pedestal_run_tower (
    run_number integer not null references hcal.analysis_run on delete cascade,
    tower_id smallint not null,
    at timestamptz not null,
    n integer not null check (n >= 0),
    pedestal_mean real,
    pedestal_std real,
    pedestal_error real,
    event_std real,
    stability real,
    chi2 real,
    outliers real not null check (outliers between 0 and 1),
    status text not null check (status in ('ok', 'dead', 'noisy', 'saturated', 'unstable')),
    primary key (run_number, tower_id)
);
comment on table hcal.pedestal_run_tower is 'Pedestal and noise of each tower in a run without signal';
comment on column hcal.pedestal_run_tower.run_number is 'hcal.analysis_run';
comment on column hcal.pedestal_run_tower.tower_id is 'Unique over detectors: OHCal 0-1535, IHCal 1536-3071, EMCal 3072-27647';
comment on column hcal.pedestal_run_tower.at is 'Begin of the run';
comment on column hcal.pedestal_run_tower.n is 'Events';
comment on column hcal.pedestal_run_tower.pedestal_mean is 'Mean sample, outliers left out, ADC counts';
comment on column hcal.pedestal_run_tower.pedestal_std is 'Standard deviation of a sample, outliers left out, ADC counts: the noise';
comment on column hcal.pedestal_run_tower.pedestal_error is 'Uncertainty of pedestal_mean from the spread of the events'' means, ADC counts: samples of one event are correlated';
comment on column hcal.pedestal_run_tower.event_std is 'Standard deviation of the events'' means, ADC counts';
comment on column hcal.pedestal_run_tower.stability is 'Standard deviation of pedestal_mean over equal parts of the run, ADC counts, statistics subtracted';
comment on column hcal.pedestal_run_tower.chi2 is 'Reduced chi square of those parts against one mean';
comment on column hcal.pedestal_run_tower.outliers is 'Share of samples left out as outliers';
comment on column hcal.pedestal_run_tower.status is 'ok, or the worst of what is wrong with the tower';
create index pedestal_run_tower_series on hcal.pedestal_run_tower (tower_id, at);
