"""Runs of the platform's Dagster, seen and launched through its webserver's GraphQL API.

Belongs here: the few questions the API has of Dagster. Not here: which run is wanted (`api.reprocess`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dsa_hcal_assets.errors import TransientError

if TYPE_CHECKING:
    from dagster_graphql import DagsterGraphQLClient

# A launch waits for the code server, which may be importing on a busy machine.
SECONDS = 30
PARTITION = "dagster/partition"
_UNFINISHED = ["NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING"]
_RUNS = """
query RunsOfPartition($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 100) {
    __typename
    ... on Runs { results { runId jobName status } }
    ... on Error { message }
  }
}
"""
_ADD_KEY = """
mutation AddKey($repository: RepositorySelector!, $keys: String!, $key: String!) {
  addDynamicPartition(repositorySelector: $repository, partitionsDefName: $keys, partitionKey: $key) {
    __typename
    ... on UnauthorizedError { message }
    ... on PythonError { message }
  }
}
"""


class DagsterAway(TransientError):
    """Dagster's webserver does not answer, or could not do what it was asked."""


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that waits or is at work."""

    run_id: str
    job: str
    status: str


class DagsterRuns:
    """The runs of one installation.

    Parameters
    ----------
    port
        Of the webserver on this machine; 0: not known.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    def unfinished(self, key: str) -> list[UnfinishedRun]:
        """Return the runs on partition `key` that have not ended.

        Raises
        ------
        DagsterAway
            If Dagster cannot tell.
        """
        tags = [{"key": PARTITION, "value": key}]
        found = self._ask(_RUNS, {"filter": {"tags": tags, "statuses": _UNFINISHED}})["runsOrError"]
        if found["__typename"] != "Runs":
            raise _away(str(found.get("message", found["__typename"])))
        return [UnfinishedRun(one["runId"], one["jobName"], one["status"]) for one in found["results"]]

    def launch(self, job: str, keys: str, key: str, tags: Mapping[str, str]) -> str:
        """Ask for one run of `job` on a partition, which becomes one of its set if it is not; return its id.

        Parameters
        ----------
        job
            Its name.
        keys
            Name of the dynamic set of partitions.
        key
            The partition.
        tags
            Tags of the run beside the partition's own.

        Raises
        ------
        DagsterAway
            If Dagster did not take it; after a time-out it may have done so all the same.
        """
        from dagster_graphql import DagsterGraphQLClientError

        try:
            repositories = self._client._get_repo_locations_and_names_with_pipeline(job)
            if not repositories:
                raise _away(f"no code location has the job {job}: it is being loaded, or failed to")
            where = repositories[0]
            self._add_key(where.repository_location_name, where.repository_name, keys, key)
            return self._client.submit_job_execution(
                job,
                repository_location_name=where.repository_location_name,
                repository_name=where.repository_name,
                tags={**tags, PARTITION: key},
            )
        except DagsterGraphQLClientError as error:
            raise _away(_reason(error)) from error

    def _add_key(self, location: str, repository: str, keys: str, key: str) -> None:
        where = {"repositoryLocationName": location, "repositoryName": repository}
        answer = self._ask(_ADD_KEY, {"repository": where, "keys": keys, "key": key})["addDynamicPartition"]
        if answer["__typename"] not in ("AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"):
            raise _away(str(answer.get("message", answer["__typename"])))

    def _ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        from dagster_graphql import DagsterGraphQLClientError

        try:
            # the client's own methods have no question for the runs of a partition
            answer: dict[str, Any] = self._client._execute(query, dict(variables))
        except DagsterGraphQLClientError as error:
            raise _away(_reason(error)) from error
        return answer

    @cached_property
    def _client(self) -> "DagsterGraphQLClient":
        # importing Dagster takes a second, and the API needs it for this alone
        from dagster_graphql import DagsterGraphQLClient

        if not self.port:
            raise _away("its port is not set (DSA_HCAL_WEBSERVER_PORT), and no platform told it")
        return DagsterGraphQLClient("127.0.0.1", port_number=self.port, timeout=SECONDS)


def _away(found: str) -> DagsterAway:
    return DagsterAway(
        "Dagster did not take the request",
        found=found,
        remedy="`dsa-hcal status` tells whether webserver and code server are ready",
    )


def _reason(error: Exception) -> str:
    """Return the first line of what was behind an error of the client, whose own text repeats the query."""
    text = str(error.__cause__ or error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
