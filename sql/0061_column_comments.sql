-- Comments of the columns that had none: what is not said here is said where a table is made.

comment on column hcal.board_reading.board is 'Controller, as named in the boards configuration';

comment on column hcal.channel_map.tower_id is 'Tower the value belongs to';

comment on column hcal.dirty_hour.bucket is 'Start of the UTC hour';
comment on column hcal.dirty_hour.marked_at is 'When its telemetry last changed';

comment on column hcal.due_day.day is 'UTC day';

comment on column hcal.half_sector_day.quantity is 'What was summarised; units as in hcal.tower_reading';
comment on column hcal.half_sector_day.mean is 'Of all values';
comment on column hcal.half_sector_day.min is 'Least value';
comment on column hcal.half_sector_day.max is 'Largest value';

comment on column hcal.half_sector_hour.quantity is 'What was summarised; units as in hcal.tower_reading';
comment on column hcal.half_sector_hour.mean is 'Of all values';
comment on column hcal.half_sector_hour.min is 'Least value';
comment on column hcal.half_sector_hour.max is 'Largest value';

comment on column hcal.sector_day.quantity is 'What was summarised; units as in hcal.tower_reading';
comment on column hcal.sector_day.mean is 'Of all values';
comment on column hcal.sector_day.min is 'Least value';
comment on column hcal.sector_day.max is 'Largest value';

comment on column hcal.sector_hour.quantity is 'What was summarised; units as in hcal.tower_reading';
comment on column hcal.sector_hour.mean is 'Of all values';
comment on column hcal.sector_hour.min is 'Least value';
comment on column hcal.sector_hour.max is 'Largest value';

comment on column hcal.setting.value is 'What it is set to, as text';

comment on column hcal.snapshot.loaded_at is 'When it was loaded last';
comment on column hcal.snapshot.boards_ok is 'Boards of which everything was read';
comment on column hcal.snapshot.boards_partial is 'Boards of which some readings failed';
comment on column hcal.snapshot.boards_down is 'Boards that were asked and of which nothing was read';

comment on column platform.alert.id is 'Counts alerts in the order they were raised';
comment on column platform.alert.raised_at is 'When';
comment on column platform.alert.severity is 'debug, info, warning, error or critical';
comment on column platform.alert.category is 'What kind of trouble, for routing and limits';
comment on column platform.alert.title is 'The trouble in one line';
comment on column platform.alert.message is 'The trouble for people, with what to do';
comment on column platform.alert.source is 'Service, sensor, job or stage that raised it';
comment on column platform.alert.partition is 'Partition it is about; null: none';
comment on column platform.alert.run_id is 'Run it is about; null: none';
comment on column platform.alert.details is 'Facts for programs';
comment on column platform.alert.acknowledged_at is 'When somebody took note; null: nobody has';
comment on column platform.alert.acknowledged_by is 'Who took note';

comment on column platform.arrival.arrival_id is 'Counts contents in the order they were accepted';
comment on column platform.arrival.source is 'Where it came from: also the directory below incoming';
comment on column platform.arrival.name is 'Name of the file it first came as';
comment on column platform.arrival.bytes is 'Its size';
comment on column platform.arrival.state is 'pending: waits to be loaded; loaded; quarantined: cannot be used, see reason';
comment on column platform.arrival.received_at is 'When it was accepted';
comment on column platform.arrival.loaded_at is 'When it was loaded last; null: never';
comment on column platform.arrival.quarantined_at is 'When it went to quarantine; null: it is not there';

comment on column platform.changed_partition.source is 'Source of the arrivals';
comment on column platform.changed_partition.partition is 'Partition whose arrivals changed';

comment on column platform.current_product.kind is 'Kind of product: name of the asset';
comment on column platform.current_product.partition is 'Partition key: UTC day or group';
comment on column platform.current_product.product_id is 'The version that readers get';
comment on column platform.current_product.selected_at is 'When it became current';

comment on column platform.delivery.delivery_id is 'Counts deliveries';
comment on column platform.delivery.source is 'Source it was delivered to';
comment on column platform.delivery.name is 'Name of the file';
comment on column platform.delivery.arrival_id is 'The content it held';
comment on column platform.delivery.outcome is 'new; duplicate: content known already; conflict: another content has its subject; unreadable';
comment on column platform.delivery.delivered_at is 'When it was taken note of';

comment on column platform.migration_file.name is 'Name of the file, without .sql';
comment on column platform.migration_file.sha256 is 'Of its bytes when it was applied';
comment on column platform.migration_file.applied_at is 'When';

comment on column platform.product.product_id is 'Counts published versions';
comment on column platform.product.kind is 'Kind of product: name of the asset';
comment on column platform.product.partition is 'Partition key: UTC day or group';
comment on column platform.product.version is 'Counts the versions of this kind and partition from 1';
comment on column platform.product.created_at is 'When it was published';
comment on column platform.product.code_version is 'Version of the platform that made it';
comment on column platform.product.run_id is 'Run that made it';
comment on column platform.product.parameters is 'Settings it depends on';

comment on column platform.verdict.verdict_id is 'Counts verdicts; of several the latest counts';
comment on column platform.verdict.stage is 'Stage that was judged: name of the asset, or of a kind of data';
comment on column platform.verdict.metric is 'What was measured, as in the thresholds file';
comment on column platform.verdict.unit is 'Of value and limits; 1: a count or share';
comment on column platform.verdict.level is 'pass, warn or fail';
comment on column platform.verdict.description is 'What the number is, for people';
comment on column platform.verdict.detail is 'What stood out: names, counts';
comment on column platform.verdict.partition is 'Partition that was judged';
comment on column platform.verdict.run_id is 'Run that judged; empty: none';
comment on column platform.verdict.recorded_at is 'When';

comment on column radio.calibration_event.event_id is 'Counts changes';
comment on column radio.calibration_event.set_id is 'Set whose state changed';
comment on column radio.calibration_event.at is 'When';
comment on column radio.calibration_event.state is 'State from then on';
comment on column radio.calibration_event.reason is 'Why, and by whom';

comment on column radio.calibration_set.set_id is 'Counts sets in the order they were registered';
comment on column radio.calibration_set.stream_id is 'Telescope profile and kind it belongs to';
comment on column radio.calibration_set.calibrator is 'Name of the source it was solved on';
comment on column radio.calibration_set.reference_antenna is 'Antenna whose phase is zero';
comment on column radio.calibration_set.registered_at is 'When it was registered';

comment on column radio.calibration_stream.stream_id is 'Identity of a profile and kind';
comment on column radio.calibration_stream.profile is 'Telescope profile';

comment on column radio.calibration_use.use_id is 'Counts choices';
comment on column radio.calibration_use.group_key is 'Group that was to be calibrated';
comment on column radio.calibration_use.profile is 'Telescope profile of the group';
comment on column radio.calibration_use.declination_deg is 'Declination the dishes pointed to, deg; null: any';
comment on column radio.calibration_use.set_id is 'Set that was chosen; null: none';
comment on column radio.calibration_use.standing is 'pinned, valid, stale (beyond its range), or none';
comment on column radio.calibration_use.run_id is 'Run that chose; empty: none';
comment on column radio.calibration_use.decided_at is 'When';

comment on column radio.calibrator.catalogue_id is 'Version of the catalogue';
comment on column radio.calibrator.source_number is 'Source, as in radio.catalogue_source';
comment on column radio.calibrator.aliases is 'Other names';

comment on column radio.calibrator_band.catalogue_id is 'Version of the catalogue';
comment on column radio.calibrator_band.source_number is 'Calibrator, as in radio.calibrator';
comment on column radio.calibrator_band.wavelength_cm is 'Wavelength of the band, cm';
comment on column radio.calibrator_band.band is 'Letter of the band';
comment on column radio.calibrator_band.frequency_hz is 'Frequency of the band, Hz';

comment on column radio.catalogue.catalogue_id is 'Counts loaded versions';
comment on column radio.catalogue.name is 'Name of the catalogue';
comment on column radio.catalogue.version is 'Counts its versions from 1';
comment on column radio.catalogue.sources is 'Sources loaded';
comment on column radio.catalogue.loaded_at is 'When';

comment on column radio.catalogue_source.catalogue_id is 'Version of the catalogue';
comment on column radio.catalogue_source.name is 'As in the catalogue; null: none given';
comment on column radio.catalogue_source.flux_error_jy is 'Uncertainty of flux_jy, Jy; null: not given';

comment on column radio.forming.noted_at is 'When they were last looked at';

comment on column radio.group_calibrator.group_key is 'Group';
comment on column radio.group_calibrator.calibrator is 'Name of the source';
comment on column radio.group_calibrator.ra_deg is 'ICRS, deg';
comment on column radio.group_calibrator.dec_deg is 'ICRS, deg';
comment on column radio.group_calibrator.flux_jy is 'Flux density, Jy';
comment on column radio.group_calibrator.matched_at is 'When the group was matched';

comment on column radio.observation_group.profile is 'Telescope profile';
comment on column radio.observation_group.telescope is 'Telescope as its headers name it';
comment on column radio.observation_group.first_sample is 'Time of the first integration (UTC)';
comment on column radio.observation_group.failed_at is 'When it was given up as incomplete; null: it was not';

comment on column radio.planned_transit.profile is 'Telescope profile';
comment on column radio.planned_transit.calibrator is 'Name of the source';
comment on column radio.planned_transit.transit is 'When its apparent right ascension is on the meridian';
comment on column radio.planned_transit.response is 'Primary beam at that distance';
comment on column radio.planned_transit.flux_jy is 'Flux density, Jy';
comment on column radio.planned_transit.apparent_jy is 'Flux density times response, Jy';
comment on column radio.planned_transit.planned_at is 'When this was computed';

comment on column radio.retired_key.retired_at is 'When it was taken out';

comment on column radio.subband.group_key is 'Group it belongs to';
comment on column radio.subband.subband is 'Number of the subband, from 0';
comment on column radio.subband.name is 'Name of the file';
comment on column radio.subband.seen_at is 'When its header was read';
comment on column radio.subband.channels is 'Frequency channels';

comment on column rig.cleaned_day.day is 'UTC day';
comment on column rig.cleaned_day.kept is 'Rows that remained';
comment on column rig.cleaned_day.run_id is 'Run that cleaned; empty: none';
comment on column rig.cleaned_day.cleaned_at is 'When';

comment on column rig.file_day.arrival_id is 'The file';
comment on column rig.file_day.day is 'UTC day';
comment on column rig.file_day.row_count is 'Rows of the file for the day';

comment on column rig.kpi.day is 'UTC day';
comment on column rig.kpi.run_id is 'Run that computed; empty: none';
comment on column rig.kpi.computed_at is 'When';

comment on column rig.reading.temperature_alert is 'red: above the limit; none';
comment on column rig.reading.pressure_alert is 'yellow or red: beyond a limit; none';
