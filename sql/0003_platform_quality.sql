-- Verdicts of quality checks. 'Materialised' never means 'passed': readers look here.

create table platform.verdict (
    verdict_id bigint generated always as identity primary key,
    product_id bigint references platform.product,
    stage text not null,
    metric text not null,
    value double precision,
    unit text not null default '',
    level text not null check (lower(level) in ('pass', 'warn', 'fail')),
    blocking boolean not null,
    limit_text text not null default '',
    description text not null default '',
    detail text not null default '',
    partition text not null,
    run_id text not null default '',
    recorded_at timestamptz not null default clock_timestamp()
);
create index verdict_of_product on platform.verdict (product_id, stage, metric, verdict_id desc);
create index verdict_of_partition on platform.verdict (partition, stage);
create index verdict_recorded on platform.verdict (recorded_at);

comment on table platform.verdict is
    'Every verdict ever given; the latest of a (product, stage, metric) counts';
comment on column platform.verdict.product_id is 'Product that was judged; null when the data are no product';
comment on column platform.verdict.value is 'Measured value in `unit`; NaN or null: not measured';
comment on column platform.verdict.blocking is 'Whether a fail stops everything downstream';
comment on column platform.verdict.limit_text is 'The limit the value was held against, for people';

create view platform.latest_verdict as
select distinct on (product_id, partition, stage, metric) *
from platform.verdict
order by product_id, partition, stage, metric, verdict_id desc;
comment on view platform.latest_verdict is 'The verdict that counts of each (product, partition, stage, metric)';
