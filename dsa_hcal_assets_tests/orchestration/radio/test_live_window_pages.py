"""What the pages of the Dagster UI ask is answered without errors before, after and across a retirement."""

import re

import dagster as dg
import pytest
from dagster_graphql.test.utils import define_out_of_process_workspace, execute_dagster_graphql

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.orchestration.partitions import GROUPS
from dsa_hcal_assets.orchestration.radio import live_window

KEYS = [f"2025-06-{day:02d}T{hour:02d}:00:00" for day in range(1, 11) for hour in range(10)]
RETIRED, LIVE = KEYS[:90], KEYS[90:]
ASSET = "uvh5_group"

# shortened to what the pages show of partitions; the names are the UI's own
PAGES = {
    "asset partitions": """query($asset: AssetKeyInput!) {assetNodeOrError(assetKey: $asset) {__typename
        ... on AssetNode {partitionKeyConnection(limit: 1000, ascending: true) {results}
          partitionKeysByDimension {name partitionKeys}
          partitionStats {numMaterialized numPartitions numFailed numMaterializing}
          partitionDefinition {name dimensionTypes {name dynamicPartitionsDefinitionName}}
          assetPartitionStatuses {__typename ... on DefaultPartitionStatuses {
            materializedPartitions failedPartitions unmaterializedPartitions materializingPartitions}}}
        ... on AssetNotFoundError {message}}}""",
    "asset history": """query($asset: AssetKeyInput!) {assetOrError(assetKey: $asset) {__typename
        ... on Asset {assetMaterializations(limit: 200) {partition runId}
          latestEventSortKey definition {id}}}}""",
    "catalog": """{assetNodes {assetKey {path} partitionStats {numMaterialized numPartitions}
        isPartitioned}}""",
    "automation": """{repositoriesOrError {__typename ... on RepositoryConnection {nodes {
          sensors {name sensorState {status ticks(limit: 5) {id status}}}
          schedules {name scheduleState {status}}}}
        ... on PythonError {message}}
        instance {daemonHealth {id} autoMaterializePaused}}""",
    "job": """{repositoriesOrError {... on RepositoryConnection {nodes {jobs {name isJob}
        partitionSets {name pipelineName}}}}}""",
    "runs": "{runsOrError(limit: 25) {__typename ... on Runs {results {runId status tags {key value}}}}}",
    "backfills": """{partitionBackfillsOrError(limit: 10) {__typename
        ... on PartitionBackfills {results {id status}} ... on PythonError {message}}}""",
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    """The platform's own definitions as a file a code server loads."""
    path = tmp_path_factory.mktemp("location") / "location.py"
    path.write_text("from dsa_hcal_assets.definitions import defs as platform\n\ndefs = platform()\n")
    return str(path)


@pytest.fixture
def ui(postgres_instance, definitions):
    """Ask as the UI does; the answer without errors of any kind."""
    with define_out_of_process_workspace(definitions, "defs", postgres_instance) as webserver:

        def ask(page):
            request = webserver.create_request_context()
            answer = execute_dagster_graphql(request, PAGES[page], {"asset": {"path": [ASSET]}})
            assert not answer.errors
            assert not re.search(r"'__typename': '\w*Error", str(answer.data)), answer.data
            return answer.data

        yield ask


def materialized(instance, key):
    instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, partition=key))


def partitions(ui):
    node = ui("asset partitions")["assetNodeOrError"]
    keys = node["partitionKeyConnection"]["results"]
    statuses = node["assetPartitionStatuses"]
    assert node["partitionStats"]["numPartitions"] == len(keys)
    assert node["partitionStats"]["numMaterialized"] == len(statuses["materializedPartitions"])
    return sorted(keys), sorted(statuses["materializedPartitions"])


def test_pages_follow_the_window_and_never_stumble(ui, postgres_instance, database):
    instance = postgres_instance
    instance.add_dynamic_partitions(GROUPS.name, KEYS)
    made = [*RETIRED[:3], LIVE[0]]
    for key in made:
        materialized(instance, key)
    for page in PAGES:
        ui(page)
    assert partitions(ui) == (KEYS, sorted(made))

    live_window.retire(instance, database, dict.fromkeys(RETIRED, "test"), utc_now())
    for page in PAGES:
        ui(page)
    assert partitions(ui) == (LIVE, [LIVE[0]])
    # events stay: the history is not rewritten
    history = ui("asset history")["assetOrError"]["assetMaterializations"]
    assert {one["partition"] for one in history} == set(made)

    live_window.restore(instance, database, RETIRED[:2], utc_now())
    for page in PAGES:
        ui(page)
    assert partitions(ui) == (sorted([*RETIRED[:2], *LIVE]), sorted([*RETIRED[:2], LIVE[0]]))
