-- How soon after its last subband a group's quick look was there, moment by moment.

create table radio.quicklook_latency (
    product_id bigint primary key references platform.product,
    group_key text not null,
    landed_at timestamptz not null,
    seen_at timestamptz not null check (seen_at >= landed_at),
    started_at timestamptz not null check (started_at >= seen_at),
    read_at timestamptz not null check (read_at >= started_at),
    calibrated_at timestamptz not null check (calibrated_at >= read_at),
    imaged_at timestamptz not null check (imaged_at >= calibrated_at),
    judged_at timestamptz not null check (judged_at >= imaged_at)
);
create index quicklook_latency_by_judgement on radio.quicklook_latency (judged_at);

comment on table radio.quicklook_latency is 'One row a published quick look: from the last subband to the verdict';
comment on column radio.quicklook_latency.product_id is 'The quicklook_image product, a version of it';
comment on column radio.quicklook_latency.group_key is 'Partition of that product';
comment on column radio.quicklook_latency.landed_at is 'When the last of its subbands came into incoming (change time of the file)';
comment on column radio.quicklook_latency.seen_at is 'When the group was found complete, or partial and to go on';
comment on column radio.quicklook_latency.started_at is 'When its run began to work';
comment on column radio.quicklook_latency.read_at is 'When the last visibility had been read; calibration goes on alongside';
comment on column radio.quicklook_latency.calibrated_at is 'When the calibrated, averaged set was whole';
comment on column radio.quicklook_latency.imaged_at is 'When the imaging program had ended';
comment on column radio.quicklook_latency.judged_at is 'When the image was published and its verdicts were stored';
