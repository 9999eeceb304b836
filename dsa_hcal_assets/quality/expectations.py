"""Suites of expectations about tables, run by Great Expectations, returned as metrics.

Belongs here: the one doorway to Great Expectations. Not here: limits; a suite says what is counted
and the thresholds file says how much of it is enough. Suites are plain data in the room that owns
the table.

The library is imported on first use (seconds), never by modules that orchestration loads.
"""

import logging
import math
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality.verdicts import Metric

if TYPE_CHECKING:
    import pandas as pd

# The library keeps the current context in a process-wide variable.
_ONE_AT_A_TIME = threading.Lock()
_EXAMPLES = 3


@dataclass(frozen=True)
class Expectation:
    """One expectation by its Great Expectations type, such as ``expect_column_values_to_be_between``.

    Parameters
    ----------
    type
        Name in the library's gallery.
    column
        Column it is about; empty for expectations on the whole table.
    arguments
        The other arguments, as in the gallery.
    """

    type: str
    column: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """Name of the metric this expectation yields, e.g. ``expect_column_to_exist(pressure)``."""
        return f"{self.type}({self.column})"


def check_frame(frame: "pd.DataFrame", suite: Sequence[Expectation]) -> list[Metric]:
    """Return, for each expectation and in order, the share of values that meet it.

    The share counts the values that are not null; expectations on the whole table yield 1 or 0.
    An expectation that cannot be evaluated (no such column, no values) yields NaN with the reason.

    Parameters
    ----------
    frame
        Table to check; it is not changed.
    suite
        Expectations; type and column together may occur once.

    Raises
    ------
    ConfigurationError
        For an unknown expectation, wrong arguments or a pair given twice.
    """
    names = [expectation.metric for expectation in suite]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigurationError(f"expectations given twice: {', '.join(sorted(twice))}")
    if not suite:
        return []
    with _ONE_AT_A_TIME:
        results = _validate(frame, suite)
    return [_metric(name, results[name]) for name in names]


def _validate(frame: "pd.DataFrame", suite: Sequence[Expectation]) -> dict[str, Any]:
    gx = _library()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.exceptions import GreatExpectationsError

    # Stores in memory and no documentation site: nothing touches the disk.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(store_backend_defaults=stores)
    context = gx.get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    table = context.data_sources.add_pandas("frame").add_dataframe_asset("frame")
    batch = table.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    library_suite = gx.ExpectationSuite(name="suite")
    for expectation in suite:
        try:
            library_suite.add_expectation_configuration(_configuration(expectation))
        except (GreatExpectationsError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"expectation {expectation.metric} is not valid", found=str(error).splitlines()[0]
            ) from error
    outcome = batch.validate(library_suite, result_format="SUMMARY")
    return {result.expectation_config.meta["metric"]: result for result in outcome.results}


def _configuration(expectation: Expectation) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    column = {"column": expectation.column} if expectation.column else {}
    return ExpectationConfiguration(
        type=expectation.type,
        kwargs={**column, **expectation.arguments},
        meta={"metric": expectation.metric},
    )


def _library() -> Any:
    # Read at import: nothing is reported to anyone, and nothing waits for a network.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    # Some of its modules set INFO on their own loggers, whatever their parent's level is.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("great_expectations"):
            logging.getLogger(name).setLevel(logging.WARNING)
    return great_expectations


def _metric(name: str, result: Any) -> Metric:
    reason = _exception(result.exception_info)
    if reason:
        return Metric(name, math.nan, reason)
    counts = result.result
    if "unexpected_count" not in counts:
        observed = counts.get("observed_value")
        return Metric(name, float(result.success), "" if observed is None else f"observed {observed}")
    judged = counts["element_count"] - counts.get("missing_count", 0)
    if judged == 0:
        return Metric(name, math.nan, "no values")
    unexpected = counts["unexpected_count"]
    detail = ""
    if unexpected:
        examples = ", ".join(str(value) for value in counts["partial_unexpected_list"][:_EXAMPLES])
        detail = f"{unexpected} of {judged} values, such as {examples}"
    return Metric(name, 1 - unexpected / judged, detail)


def _exception(info: Mapping[str, Any]) -> str:
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "not evaluated").splitlines()[0]
    return ""
