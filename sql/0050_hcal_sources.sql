-- Days with something to do, of every source of snapshots.

alter table hcal.due_day add column source text not null default 'hcal';
alter table hcal.due_day alter column source drop default;
alter table hcal.due_day drop constraint due_day_pkey;
alter table hcal.due_day add primary key (source, day);
comment on column hcal.due_day.source is 'Source of snapshots, as the ledger calls it';

create table hcal.source_snapshot (
    source text not null,
    cycle timestamptz not null,
    arrival_id bigint not null unique references platform.arrival,
    sequence bigint not null,
    acquisition_id text not null,
    run_number integer not null,
    boards_ok smallint not null,
    boards_partial smallint not null,
    boards_down smallint not null,
    rows integer not null,
    run_id text not null,
    loaded_at timestamptz not null default now(),
    primary key (source, cycle)
);
comment on table hcal.source_snapshot is 'One row an acquisition cycle that was loaded, of all sources but the controllers (hcal.snapshot)';
comment on column hcal.source_snapshot.source is 'Source of snapshots, as the ledger calls it: supplies, emcal, registers';
comment on column hcal.source_snapshot.cycle is 'Start of the cycle: with the source the identity of the snapshot';
comment on column hcal.source_snapshot.arrival_id is 'Row of the ledger with the file, its digest and its path';
comment on column hcal.source_snapshot.sequence is 'Counts the cycles of one acquisition process; a gap is a lost snapshot';
comment on column hcal.source_snapshot.acquisition_id is 'The acquisition process';
comment on column hcal.source_snapshot.run_number is 'Data-taking run, -1 where unknown';
comment on column hcal.source_snapshot.boards_ok is 'Boards (crates, meters) of which everything was read';
comment on column hcal.source_snapshot.boards_partial is 'Boards of which some readings failed';
comment on column hcal.source_snapshot.boards_down is 'Boards of which nothing was read';
comment on column hcal.source_snapshot.rows is 'Rows of readings it became';
comment on column hcal.source_snapshot.run_id is 'The run that loaded it';
comment on column hcal.source_snapshot.loaded_at is 'When';
