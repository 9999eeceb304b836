-- Measurement Sets arrive as directory trees, which the ledger keeps as one content each.

alter table platform.arrival
    add column form text not null default 'file' check (form in ('file', 'tree'));
comment on column platform.arrival.form is
    'file: one regular file; tree: a directory that counts as one content and is moved as one';
