-- What is still to be told to whom: entered with the alert, in one transaction, and worked off by whoever delivers.

alter table platform.alert
    add column times integer not null default 1 check (times > 0),
    add column last_raised_at timestamptz not null default clock_timestamp(),
    add column resolved_by text;
update platform.alert set last_raised_at = raised_at;
create index alert_category on platform.alert (category, id desc);
comment on column platform.alert.times is 'How often the trouble was told while it was open';
comment on column platform.alert.last_raised_at is 'When it was told last';
comment on column platform.alert.resolved_by is 'Who closed it by hand; null: it was seen to be over, or it is open';

create table platform.alert_silence (
    id bigint generated always as identity primary key,
    category text,
    source text,
    partition text,
    title text,
    up_to text not null default 'critical' check (up_to in ('debug', 'info', 'warning', 'error', 'critical')),
    reason text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    ends_at timestamptz not null,
    lifted_at timestamptz,
    lifted_by text,
    check (ends_at > created_at),
    check (coalesce(category, source, partition, title) is not null)
);
comment on table platform.alert_silence is 'Alerts that are recorded but not told for a while. What is given has to match; * stands for any text';
comment on column platform.alert_silence.id is 'Counts silences';
comment on column platform.alert_silence.category is 'Pattern of the category; null: any';
comment on column platform.alert_silence.source is 'Pattern of the source; null: any';
comment on column platform.alert_silence.partition is 'Pattern of the partition; null: any, also none';
comment on column platform.alert_silence.title is 'Pattern of the title; null: any';
comment on column platform.alert_silence.up_to is 'Most urgent severity that is silenced';
comment on column platform.alert_silence.reason is 'Why, for people';
comment on column platform.alert_silence.created_at is 'When it began';
comment on column platform.alert_silence.created_by is 'Who wished it';
comment on column platform.alert_silence.ends_at is 'When it ends by itself';
comment on column platform.alert_silence.lifted_at is 'When somebody ended it earlier; null: nobody has';
comment on column platform.alert_silence.lifted_by is 'Who ended it earlier';

create function platform.silence_of(alert platform.alert) returns bigint language sql stable parallel safe as $$
    with severities as (select array['debug', 'info', 'warning', 'error', 'critical'] as rising)
    select s.id
      from platform.alert_silence s, severities,
           lateral (values (s.category, alert.category), (s.source, alert.source),
                           (s.partition, alert.partition), (s.title, alert.title)) as one (pattern, value)
     where s.lifted_at is null and s.ends_at > clock_timestamp()
       and array_position(rising, lower(alert.severity)) <= array_position(rising, s.up_to)
     group by s.id, s.ends_at
    having bool_and(one.pattern is null or coalesce(one.value, '') like
                    replace(replace(replace(replace(one.pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%'))
     order by s.ends_at desc, s.id
     limit 1
$$;
comment on function platform.silence_of(platform.alert) is 'The silence in force that matches an alert, of several the one that lasts longest; null: none';

create table platform.alert_delivery (
    id bigint generated always as identity primary key,
    alert_id bigint not null references platform.alert (id) on delete cascade,
    channel text not null,
    kind text not null check (kind in ('raised', 'recovered')),
    state text not null default 'due' check (state in ('due', 'sent', 'digested', 'silenced', 'dropped', 'refused')),
    not_before timestamptz not null default clock_timestamp(),
    attempts integer not null default 0 check (attempts >= 0),
    done_at timestamptz,
    error text,
    silence_id bigint references platform.alert_silence (id),
    unique (alert_id, channel, kind)
);
create index alert_delivery_due on platform.alert_delivery (channel, id) where state = 'due';
create index alert_delivery_silenced on platform.alert_delivery (channel, id) where state = 'silenced';
comment on table platform.alert_delivery is 'The way of each alert to each channel that it is for';
comment on column platform.alert_delivery.id is 'Counts deliveries; of one urgency, those of a channel go in this order';
comment on column platform.alert_delivery.alert_id is 'The alert';
comment on column platform.alert_delivery.channel is 'Name of the channel in the settings';
comment on column platform.alert_delivery.kind is 'raised: the trouble; recovered: that it is over';
comment on column platform.alert_delivery.state is 'due: to be sent; sent: alone; digested: with others; silenced: waits for the end of a silence; dropped: over, or taken care of, before the silence ended; refused: given up after days of refusals';
comment on column platform.alert_delivery.not_before is 'When it may be tried next';
comment on column platform.alert_delivery.attempts is 'Tries that failed';
comment on column platform.alert_delivery.done_at is 'When it left the state due for good';
comment on column platform.alert_delivery.error is 'What the last failed try met';
comment on column platform.alert_delivery.silence_id is 'The silence it waited for, or waits for';

create table platform.alert_window (
    id bigint generated always as identity primary key,
    channel text not null,
    category text not null,
    severity text not null,
    started_at timestamptz not null default clock_timestamp(),
    ends_at timestamptz not null,
    sent integer not null default 1 check (sent > 0),
    not_before timestamptz not null default clock_timestamp(),
    attempts integer not null default 0,
    closed_at timestamptz,
    digested integer not null default 0
);
create unique index alert_window_open on platform.alert_window (channel, category, severity) where closed_at is null;
comment on table platform.alert_window is 'Time in which a channel gets a limited number of alerts of one category and severity, and then one digest of the others';
comment on column platform.alert_window.id is 'Counts windows';
comment on column platform.alert_window.channel is 'The channel';
comment on column platform.alert_window.category is 'Category of its alerts';
comment on column platform.alert_window.severity is 'Severity of its alerts';
comment on column platform.alert_window.started_at is 'When its first alert was sent';
comment on column platform.alert_window.ends_at is 'When the digest is due';
comment on column platform.alert_window.sent is 'Alerts sent alone';
comment on column platform.alert_window.not_before is 'When the digest may be tried next';
comment on column platform.alert_window.attempts is 'Tries to send the digest that failed';
comment on column platform.alert_window.closed_at is 'When the digest was sent, or none was needed; null: open';
comment on column platform.alert_window.digested is 'Alerts told by the digest; 0: there was none';

-- the record of deliveries that were made so far moves to its own table
insert into platform.alert_delivery (alert_id, channel, kind, state, done_at, error)
select a.id, told.key, 'raised', case when (told.value ->> 'ok')::boolean then 'sent' else 'refused' end,
       (told.value ->> 'at')::timestamptz, told.value ->> 'error'
  from platform.alert a, jsonb_each(a.delivered) told
 where told.key <> 'log'
 order by a.id;
alter table platform.alert drop column delivered;
