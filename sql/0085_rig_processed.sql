-- The rig's readings under the names of its processed files, for exports.

create view rig.processed as
select read_at as "timestamp", temperature, pressure, uptime, temperature_zscore, pressure_zscore,
       temperature_alert, pressure_alert
from rig.reading;
comment on view rig.processed is 'rig.reading with the columns of the processed files';
