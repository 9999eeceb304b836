-- Immutable, versioned products and which version is current.

create table platform.product (
    product_id bigint generated always as identity primary key,
    kind text not null check (kind <> ''),
    partition text not null check (partition <> ''),
    version integer not null check (version > 0),
    path text not null unique,
    bytes bigint not null check (bytes >= 0),
    checksum text not null check (checksum ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    code_version text not null,
    run_id text not null,
    parameters jsonb not null,
    inputs jsonb not null check (jsonb_typeof(inputs) = 'array'),
    missing_since timestamptz,
    constraint product_one_row_a_version unique (kind, partition, version),
    unique (product_id, kind, partition)
);
create index product_of_run on platform.product (run_id);

comment on table platform.product is 'One row for each published version of a product';
comment on column platform.product.path is 'Directory of this version, relative to the root of the product tree';
comment on column platform.product.bytes is 'Size of its files in bytes, without the manifest';
comment on column platform.product.checksum is
    'SHA-256 over the sorted (relative path, size, SHA-256) of its files';
comment on column platform.product.inputs is 'Array of {name, checksum}: what it was made from';
comment on column platform.product.missing_since is 'When its bytes were found to be gone; null: present';

create table platform.current_product (
    kind text not null,
    partition text not null,
    product_id bigint not null,
    selected_at timestamptz not null default clock_timestamp(),
    primary key (kind, partition),
    foreign key (product_id, kind, partition) references platform.product (product_id, kind, partition)
);
comment on table platform.current_product is 'The version readers get, one for each kind and partition';

create function platform.guard_product() returns trigger language plpgsql as $$
begin
    if to_jsonb(new) - 'missing_since' is distinct from to_jsonb(old) - 'missing_since' then
        raise exception 'product %: a published version cannot be changed', old.product_id
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
comment on function platform.guard_product() is 'Refuses changes of published versions';

create trigger product_guard before update on platform.product
    for each row execute function platform.guard_product();
