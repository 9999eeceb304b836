"""What every asset of the platform has in common: inputs that passed, a published product, verdicts.

An asset is written as a function of a `StageRun`; `stage_asset` makes the Dagster asset of it, with
its checks from the thresholds file, its retry policy and typed failures.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Number
from pathlib import Path
from typing import Any

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.checks import check_results, check_specs, shown
from dsa_hcal_assets.orchestration.failures import RETRIES, typed_failures
from dsa_hcal_assets.orchestration.gates import tell_failed_checks
from dsa_hcal_assets.orchestration.observed import observed
from dsa_hcal_assets.orchestration.partitions import require_live
from dsa_hcal_assets.products.model import JSON, Input, Product, Provenance
from dsa_hcal_assets.quality.report import Figure
from dsa_hcal_assets.quality.verdicts import Metric, Verdict

InstallationParam = dg.ResourceParam[Installation]


@dataclass(frozen=True)
class Outcome:
    """What making a product found out.

    Parameters
    ----------
    metrics
        Numbers to be judged against the stage's thresholds.
    figures
        Plots shown on the materialisation.
    facts
        Further metadata (counts, names, seconds), shown as they are.
    profile
        Telescope or detector profile whose limits count.
    """

    metrics: Sequence[Metric]
    figures: Sequence[Figure] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    profile: str | None = None


class StageRun:
    """One asset's execution for one partition: who runs, on what, with which installation."""

    def __init__(self, name: str, context: dg.AssetExecutionContext, installation: Installation) -> None:
        self.name = name
        self.context = context
        self.installation = installation

    @property
    def partition(self) -> str:
        """Partition key: a UTC day or a group's time stamp."""
        return str(self.context.partition_key)

    @property
    def run_id(self) -> str:
        """Id of the Dagster run."""
        return str(self.context.run.run_id)

    def input(self, kind: str) -> Product:
        """Return the partition's current product of `kind`, refusing one that did not pass its gate."""
        return self.installation.products.require_passed(kind, self.partition)

    def log_file(self) -> Path:
        """Return where worker calls of this stage write their log."""
        return self.installation.settings.logs / "runs" / self.run_id / f"{self.name}.log"

    def profile_file(self, call: str) -> Path | None:
        """Return where a worker's call of this stage leaves its profile; None when none is wanted."""
        wanted = self.installation.settings.observability.profiles(self.name)
        return self.log_file().with_name(f"{self.name}.{call}.prof") if wanted else None

    def provenance(
        self, inputs: Iterable[Product | Input] = (), parameters: Mapping[str, JSON] | None = None
    ) -> Provenance:
        """Return where a product made now from `inputs` with `parameters` comes from."""
        sources = tuple(item.as_input() if isinstance(item, Product) else item for item in inputs)
        return Provenance(parameters=dict(parameters or {}), inputs=sources, run_id=self.run_id)

    def verdicts(self, outcome: Outcome) -> list[Verdict]:
        """Judge what making the product found out; nothing is stored."""
        from dsa_hcal_assets.quality.judging import judge

        return judge(self.name, outcome.metrics, self.installation.thresholds, outcome.profile)

    def earlier_verdicts(self, products: Iterable[Product]) -> list[Verdict]:
        """Return the stored verdicts of products, for a report over several stages."""
        from dsa_hcal_assets.quality.store import latest

        return [verdict for one in products for verdict in latest(self.installation.database, one.product_id)]

    def publish(
        self,
        make: Callable[[Path], Outcome],
        *,
        inputs: Iterable[Product | Input] = (),
        parameters: Mapping[str, JSON] | None = None,
    ) -> dg.MaterializeResult[Any]:
        """Make, publish and judge the partition's product; return it as Dagster wants it.

        The product is registered before its verdicts: a crash in between leaves a product without
        verdicts, which no reader accepts.
        """
        provenance = self.provenance(inputs, parameters)
        with self.installation.products.publishing(self.name, self.partition, provenance) as staged:
            outcome = make(staged.path)
        return self._judged(outcome, staged.product)

    def not_applicable(self, reason: str) -> dg.MaterializeResult[Any]:
        """Return that this partition rightly has no such product; its checks pass and say why."""
        return dg.MaterializeResult(
            metadata={"not applicable": reason},
            check_results=[
                dg.AssetCheckResult(
                    check_name=spec.name, asset_key=self.name, passed=True, description=reason
                )
                for spec in check_specs(self.name)
            ],
        )

    def _judged(self, outcome: Outcome, product: Product) -> dg.MaterializeResult[Any]:
        from dsa_hcal_assets.quality.store import record

        installation = self.installation
        verdicts = self.verdicts(outcome)
        record(installation.database, verdicts, product=product, partition=self.partition, run_id=self.run_id)
        tell_failed_checks(installation, product, verdicts)
        return dg.MaterializeResult(
            metadata=_metadata(outcome, product, verdicts),
            check_results=check_results(self.name, self.partition, verdicts),
            data_version=dg.DataVersion(product.checksum),
        )


def stage_asset(
    *,
    group: str,
    partitions: dg.PartitionsDefinition[str],
    deps: Sequence[str | dg.AssetDep] = (),
    kinds: set[str] | None = None,
    pool: str | None = None,
    stop_run: bool = True,
) -> Callable[[Callable[[StageRun], dg.MaterializeResult[Any]]], dg.AssetsDefinition]:
    """Make a Dagster asset of a function of `StageRun`; name and description are the function's.

    `stop_run` false is for a stage whose failure the same run has to report: what needs a product that
    passed asks for it by `StageRun.input` and is refused, a report that does not ask goes on.
    """

    def wrap(function: Callable[[StageRun], dg.MaterializeResult[Any]]) -> dg.AssetsDefinition:
        name = function.__name__

        @dg.asset(
            name=name,
            description=function.__doc__,
            group_name=group,
            partitions_def=partitions,
            deps=list(deps),
            kinds=kinds,
            pool=pool,
            check_specs=check_specs(name, stop_run=stop_run),
            retry_policy=RETRIES,
        )
        def asset(  # Dagster reads the annotations and knows the result type only unparametrised
            context: dg.AssetExecutionContext, installation: InstallationParam
        ) -> dg.MaterializeResult:  # type: ignore[type-arg]
            with typed_failures(), observed(name, context, installation):
                require_live(context.instance, partitions, str(context.partition_key))
                return function(StageRun(name, context, installation))

        return asset

    return wrap


def _metadata(outcome: Outcome, product: Product, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    # Numbers at the top level are what the UI plots over the partitions of an asset.
    metadata: dict[str, Any] = {one.metric: shown(one.value) for one in verdicts}
    metadata |= {name: _plain(fact) for name, fact in outcome.facts.items()}
    metadata |= {
        "path": dg.MetadataValue.path(str(product.path)),
        "version": product.version,
        "size": product.bytes,
        "checksum": product.checksum,
    }
    metadata["verdicts"] = dg.MetadataValue.table([_row(verdict) for verdict in verdicts])
    for number, figure in enumerate(outcome.figures, start=1):
        picture = f"![{figure.caption}]({figure.address})\n\n{figure.caption}"
        metadata[f"figure {number}"] = dg.MetadataValue.md(picture)
    return metadata


def _row(verdict: Verdict) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "metric": verdict.metric,
            "value": shown(verdict.value),
            "unit": verdict.unit,
            "limits": verdict.limit,
            "level": verdict.level.value,
            "detail": verdict.detail,
        }
    )


def _plain(fact: Any) -> Any:
    """Return a numpy number as Python's own: Dagster takes the others for floats and cannot store them."""
    return fact.item() if isinstance(fact, Number) and hasattr(fact, "item") else fact
