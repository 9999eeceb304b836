-- Reconstruction finds the reading nearest to a run by ordering a whole heartbeat view by the time
-- difference. Only a parallel plan may sort a table before it is joined: with it the cycles are sorted and
-- one reading is fetched, instead of every reading of all time being sorted. For that the zone's function
-- must be safe in it, and the cycles must be allowed a worker although their tables are small.

alter function hcal.local_zone() parallel safe;
alter function hcal.nearest_cycle(timestamptz, interval) parallel safe;
alter function hcal.nearest_emcal_cycle(timestamptz, interval) parallel safe;
alter function public.hcal_heartbeat_time(timestamp, interval) parallel safe;
alter table hcal.snapshot set (parallel_workers = 1);
alter table hcal.source_snapshot set (parallel_workers = 1);
