-- Registers of digitiser and other boards: what the tables say of them, and what they showed.

create table hcal.register_definition (
    table_digest text not null,
    register text not null,
    kind text not null,
    description text not null,
    place text not null,
    unit text not null,
    valid_low double precision,
    valid_high double precision,
    expected integer[],
    every integer not null check (every > 0),
    primary key (table_digest, register)
);
comment on table hcal.register_definition is 'Registers and their bit fields as the register tables describe them, a set of rows for each table that was ever in use; snapshot files carry their table';
comment on column hcal.register_definition.table_digest is 'SHA-256 of the register table';
comment on column hcal.register_definition.register is 'Name of the register, or of a bit field of one: register.field';
comment on column hcal.register_definition.kind is 'Kind of board the table is for';
comment on column hcal.register_definition.description is 'What the register shows';
comment on column hcal.register_definition.place is 'Address or command, and the bits of a field';
comment on column hcal.register_definition.unit is 'Of the value; empty for numbers and bits';
comment on column hcal.register_definition.valid_low is 'Lowest value that is normal; null: no limits';
comment on column hcal.register_definition.valid_high is 'Highest value that is normal; null: no limits';
comment on column hcal.register_definition.expected is 'Values of a bit field that are normal; null: all';
comment on column hcal.register_definition.every is 'Read in every so many cycles';

create table hcal.register_board_reading (
    ts timestamptz not null,
    board text not null,
    status text not null check (status in ('ok', 'partial', 'down')),
    sampled_at timestamptz,
    table_digest text not null,
    registers_read smallint not null,
    failed_readings smallint not null,
    error jsonb,
    primary key (ts, board)
);
comment on table hcal.register_board_reading is 'State of each board whose registers are polled, in each cycle';
comment on column hcal.register_board_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source registers)';
comment on column hcal.register_board_reading.board is 'Board, as named in the boards configuration';
comment on column hcal.register_board_reading.status is 'ok: everything that was due was read; partial: some registers failed; down: none succeeded';
comment on column hcal.register_board_reading.sampled_at is 'When the board was asked in this cycle; null when it was not reached';
comment on column hcal.register_board_reading.table_digest is 'hcal.register_definition';
comment on column hcal.register_board_reading.registers_read is 'Registers that were read';
comment on column hcal.register_board_reading.failed_readings is 'Registers that were asked for and failed';
comment on column hcal.register_board_reading.error is 'What went wrong, by name of the register';
create index register_board_reading_by_board on hcal.register_board_reading (board, ts);

create table hcal.register_reading (
    ts timestamptz not null,
    raw bigint not null,
    value double precision not null,
    state text check (state in ('normal', 'abnormal')),
    board text not null,
    register text not null,
    primary key (ts, board, register)
) partition by range (ts);
comment on table hcal.register_reading is 'Registers and bit fields in each cycle that asked for them, one partition a month (hcal.ensure_month). No row: not due, or not read (hcal.register_board_reading tells)';
comment on column hcal.register_reading.ts is 'Start of the cycle (hcal.source_snapshot.cycle of source registers)';
comment on column hcal.register_reading.raw is 'Bits as an unsigned number';
comment on column hcal.register_reading.value is 'raw x scale + offset in the unit of hcal.register_definition; of a bit field its bits';
comment on column hcal.register_reading.state is 'Whether the value is one the table calls normal; null: the table has no limits for it';
comment on column hcal.register_reading.board is 'Board, as named in the boards configuration';
comment on column hcal.register_reading.register is 'hcal.register_definition.register';
create index register_reading_abnormal on hcal.register_reading (ts) where state = 'abnormal';

create view hcal.register_state as
select r.ts, r.board, d.kind, r.register, r.raw, r.value, d.unit, r.state, d.description
from hcal.register_reading r
join hcal.register_board_reading b using (ts, board)
join hcal.register_definition d on d.table_digest = b.table_digest and d.register = r.register;
comment on view hcal.register_state is 'Registers with what they mean; ask for a time or an interval of ts';
