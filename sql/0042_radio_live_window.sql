-- Group keys that left Dagster's partition set, so that its pages stay quick. Their products, verdicts and
-- events stay where they are; a restored key has them back.

create table radio.retired_key (
    group_key text primary key,
    added_at timestamptz,
    retired_at timestamptz not null,
    reason text not null,
    restored_at timestamptz,
    constraint retired_key_order check (restored_at is null or restored_at >= retired_at)
);
create index retired_key_open on radio.retired_key (retired_at, group_key) where restored_at is null;

comment on table radio.retired_key is 'Groups whose partition key was taken out of the live window, with the last time that happened';
comment on column radio.retired_key.group_key is 'Key of the group: middle of its first integration, UTC';
comment on column radio.retired_key.added_at is 'When the key had entered the live window; null if unknown';
comment on column radio.retired_key.reason is 'Which limit of the window it was beyond, or who asked';
comment on column radio.retired_key.restored_at is 'When the key came back into the live window; null while it is retired';

-- The view anew: over 50,000 groups it took minutes, because the verdicts that count were looked for group by
-- group. Those that close a gate are few, so they come first; the answer is the same, in a fifth of a second.
create index verdict_closing on platform.verdict (partition, product_id)
    where blocking and lower(level) = 'fail';
create or replace view radio.group_state as
select
    g.group_key,
    g.profile,
    g.telescope,
    g.expected,
    g.found,
    g.missing,
    case
        when g.state in ('collecting', 'failed') then g.state
        when exists (
            select from platform.arrival a
            where a.source = 'uvh5' and a.partition = g.group_key and a.state = 'pending' and a.settled
        ) then 'pending'
        when exists (
            select from platform.verdict v
            join platform.current_product made using (product_id)
            where v.partition = g.group_key and v.blocking and lower(v.level) = 'fail'
              and made.product_id >= started.product_id
              and (reported.product_id is null or made.product_id >= reported.product_id)
              and not exists (
                  select from platform.verdict later
                  where later.product_id = v.product_id and later.stage = v.stage and later.metric = v.metric
                    and later.verdict_id > v.verdict_id
              )
        ) then 'failed'
        when reported.product_id is not null then 'completed'
        else 'in progress'
    end as state,
    g.state as collected,
    g.content,
    g.first_sample,
    g.declination_deg,
    g.first_seen,
    g.last_seen,
    g.completed_at,
    g.failed_at
from radio.observation_group g
left join platform.current_product started on started.partition = g.group_key and started.kind = 'uvh5_group'
left join platform.current_product reported
    on reported.partition = g.group_key and reported.kind = 'radio_qa_report'
    and reported.product_id > started.product_id;
