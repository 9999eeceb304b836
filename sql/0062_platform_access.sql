-- Who may do what: readers look, writers load, the owner (the role that applies migrations) does the rest.
-- Roles belong to the whole server and may be an administrator's to make: what cannot be made here is left
-- out, and granted by the next call once it exists. Every start of the platform calls again.

create function platform.grant_access()
returns table (role_name text, granted boolean)
language plpgsql as $$
declare
    reader constant text := 'dsa_hcal_reader';
    writer constant text := 'dsa_hcal_writer';
    places constant name[] := array['platform', 'hcal', 'radio', 'rig', 'public'];
    place record;
    item record;
begin
    perform pg_advisory_xact_lock(hashtext('platform.grant_access'));
    foreach role_name in array array[reader, writer] loop
        granted := exists (select from pg_roles where rolname = role_name);
        if not granted then
            begin
                execute format('create role %I nologin', role_name);
                -- so that a session of the owner may put its rights aside (set role)
                execute format('grant %I to %I', role_name, current_user);
                granted := true;
            exception
                when insufficient_privilege then null;
                when duplicate_object or unique_violation then granted := true;
            end;
        end if;
        if not granted then
            return next;
            continue;
        end if;
        for place in select nspname as name, nspname = 'public' as shared from pg_namespace where nspname = any (places) loop
            if not has_schema_privilege(role_name, place.name, 'usage') then
                execute format('grant usage on schema %I to %I', place.name, role_name);
            end if;
            execute format('alter default privileges in schema %I grant select on tables to %I', place.name, role_name);
            if role_name = writer and not place.shared then
                execute format(
                    'alter default privileges in schema %I grant insert, update, delete on tables to %I', place.name, writer);
                execute format('alter default privileges in schema %I grant usage on sequences to %I', place.name, writer);
            end if;
        end loop;
        for item in
            select c.oid, c.oid::regclass as name,
                   c.relkind in ('r', 'p') and n.nspname <> 'public' and c.relname <> 'migration_file' as written
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = any (places) and c.relkind in ('r', 'p', 'v', 'm')
              -- a shared schema may hold tables of others
              and pg_get_userbyid(c.relowner) = current_user
        loop
            if not has_table_privilege(role_name, item.oid, 'select') then
                execute format('grant select on %s to %I', item.name, role_name);
            end if;
            if role_name = writer and item.written and not has_table_privilege(writer, item.oid, 'insert') then
                execute format('grant insert, update, delete on %s to %I', item.name, writer);
            end if;
        end loop;
        for item in
            select p.oid::regprocedure as name
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname = any (places) and p.prosecdef and pg_get_userbyid(p.proowner) = current_user
        loop
            -- what acts with the owner's rights is for writers only
            execute format('revoke execute on function %s from public', item.name);
            if role_name = writer then
                execute format('grant execute on function %s to %I', item.name, writer);
            end if;
        end loop;
        return next;
    end loop;
end
$$;
comment on function platform.grant_access() is 'Give dsa_hcal_reader and dsa_hcal_writer their rights on all there is and on what will be made; granted is false for a role that is missing and that we may not make. Safe to repeat';

-- Partitions are attached by the owner of their table, also when a writer needs one.
do $$
declare
    one record;
begin
    for one in
        select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = 'hcal'::regnamespace and p.proname = 'ensure_month'
    loop
        execute format('alter function %s security definer set search_path = hcal, pg_catalog, pg_temp', one.name);
    end loop;
end
$$;

select platform.grant_access();
