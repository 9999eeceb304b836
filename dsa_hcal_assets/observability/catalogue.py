"""Every metric of the platform, by the part that it tells of.

Rules and dashboards are made from these names, so a name is changed here and nowhere else.
"""

from dsa_hcal_assets.observability.metric import MetricName, counter, gauge, histogram

# the answers themselves
BUILD = gauge("build_info", "1, with the version that answers", "version")
COLLECTOR_UP = gauge("collector_up", "1 when this part of the metrics could be read", "collector")
COLLECTOR_SECONDS = gauge("collector_duration_seconds", "Time it took to read this part", "collector")
REQUEST_SECONDS = histogram(
    "http_request_duration_seconds", "Time the API took to answer", "method", "route", "status"
)

# database and disk
DATABASE_UP = gauge("database_up", "1 when the database answers")
DATABASE_BYTES = gauge("database_size_bytes", "Size of the database on disk")
DATABASE_CONNECTIONS = gauge("database_connections", "Connections to the database")
DATABASE_CONNECTIONS_LIMIT = gauge("database_connections_limit", "Connections the server allows")
DATABASE_TRANSACTIONS = counter("database_transactions", "Transactions by how they ended", "outcome")
DATABASE_BLOCKS = counter(
    "database_blocks", "Blocks of tables and indexes by where they were found", "found_in"
)
DATABASE_DEADLOCKS = counter("database_deadlocks", "Deadlocks that the server broke")
DISK_FREE_BYTES = gauge(
    "filesystem_avail_bytes", "Room left for the platform where this directory lies", "directory"
)
DISK_BYTES = gauge("filesystem_size_bytes", "Size of the file system of this directory", "directory")

# custody
ARRIVALS = gauge("arrivals", "Accepted inputs by state", "source", "state")
PRODUCTS = gauge("products", "Current products", "kind")
PRODUCT_TIME = gauge(
    "product_newest_timestamp_seconds", "When the newest product was made (Unix time)", "kind"
)
CLOSED_GATES = gauge("blocking_checks_failed", "Failed blocking checks on current products", "stage")
VERDICTS = counter("verdicts", "Verdicts given since the API was started", "stage", "level")
OPEN_ALERTS = gauge("open_alerts", "Open alerts", "severity")

# runs and stages
RUNS = gauge("runs", "Runs that have not ended, by Dagster's status", "status")
RUN_AGE = gauge("run_oldest_seconds", "Age of the oldest run of a status", "status")
STAGE_SECONDS = histogram("stage_duration_seconds", "Time a stage took", "stage", "outcome")

# radio
GROUPS = gauge("observation_groups", "Observation groups by state", "state")
GROUP_LATENCY = histogram(
    "group_latency_seconds", "From the completion of a group to the end of each of its stages", "stage"
)
GROUP_PROCESSING = gauge(
    "group_processing_seconds", "First stage to report, median of the newest groups of a day"
)
GROUP_SKY = gauge("group_sky_seconds", "Time on the sky of those groups, median")
REALTIME_MARGIN = gauge(
    "realtime_margin_seconds", "Time on the sky minus time of processing; negative: groups pile up"
)
CALIBRATION_TIME = gauge(
    "calibration_newest_timestamp_seconds", "Centre of the newest active calibration set", "profile"
)
QUICKLOOK_LATENCY = gauge(
    "quicklook_latency_seconds",
    "Last quick look: time from the landing of the last subband to each stage",
    "stage",
)
QUICKLOOK_TIME = gauge("quicklook_timestamp_seconds", "When the last quick look was judged (Unix time)")

# detector
CYCLE_TIME = gauge(
    "snapshot_newest_timestamp_seconds", "Start of the newest loaded acquisition cycle", "source"
)
BOARD_UP = gauge("board_up", "1 when a board was read in the newest loaded cycle", "source", "board")
ANOMALIES = gauge("detector_anomalies", "Anomalies in force in the newest days", "kind", "severity")
SUPPLY_CHANNELS = gauge("supply_channels", "Supply channels by state in the newest cycle", "state")

# rig
RIG_READING_TIME = gauge("rig_reading_newest_timestamp_seconds", "Newest cleaned reading of the rig")

# acquisition's files on their way into the database
SPOOL_FILES = gauge("spool_files", "Snapshot files that are not loaded yet", "source")
SPOOL_BYTES = gauge("spool_bytes", "Size of the snapshot files that are not loaded yet", "source")
SPOOL_OLDEST = gauge("spool_oldest_seconds", "How long the oldest of them has been waiting", "source")
ACQUISITION_SILENT = gauge(
    "acquisition_silent_seconds", "Time since the acquisition finished a cycle", "source"
)
ACQUISITION_UNSAVED = gauge(
    "acquisition_unsaved_snapshots", "Snapshots in memory that could not be written yet", "source"
)
ACQUISITION_LIMIT = gauge("acquisition_unsaved_limit", "How many snapshots may wait in memory", "source")
ACQUISITION_GIVEN_UP = gauge(
    "acquisition_given_up_snapshots", "Snapshots lost since the acquisition started", "source"
)
ACQUISITION_BOARDS = gauge(
    "acquisition_boards", "Boards by status in the last cycle, loaded or not", "source", "status"
)

# jobs of the acquisition framework
_JOB = ("supervisor", "job", "type")
DAQ_UP = gauge("daq_supervisor_up", "1 when the supervisor of acquisition jobs runs", "supervisor")
DAQ_PROBLEMS = gauge("daq_problems", "Mistakes in files", "supervisor")
DAQ_JOB_STATE = gauge("daq_job_state", "1 for the state the job is in", *_JOB, "state")
DAQ_JOB_FAILURES = gauge("daq_job_failures", "Ends that were not in order", *_JOB)
DAQ_JOB_SILENT = gauge("daq_job_silent_seconds", "Since its last sign of life", *_JOB)
DAQ_JOB_MEMORY = gauge("daq_job_memory_bytes", "Resident memory", *_JOB)
DAQ_JOB_CPU = gauge("daq_job_cpu_ratio", "Share of one processor", *_JOB)
DAQ_QUEUE = gauge("daq_queue", "Messages waiting", *_JOB, "queue")
DAQ_MESSAGES = counter("daq_messages", "Messages, by route", *_JOB, "direction", "producer", "topic")
DAQ_BYTES = counter("daq_bytes", "Payload bytes, by route", *_JOB, "direction", "producer", "topic")
DAQ_DROPPED = counter("daq_dropped", "Live messages the broker could not take", *_JOB)
DAQ_GAPS = counter("daq_gaps", "Live messages missed, by producer", *_JOB, "producer")
DAQ_LOST = counter("daq_lost", "Kept messages missed, by producer", *_JOB, "producer")
DAQ_RESTARTS = counter("daq_restarts", "Starts after the first", *_JOB)
DAQ_LATENCY = histogram("daq_latency_seconds", "From send to the consumer", *_JOB)

CATALOGUE: tuple[MetricName, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, MetricName)
)
