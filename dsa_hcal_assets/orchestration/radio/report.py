"""What the group's report shows: the current product of each stage, its reply and its verdicts."""

from dsa_hcal_assets.orchestration.radio.worker import group_product, kept_reply
from dsa_hcal_assets.orchestration.stage import StageRun
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.radio.report import StageResult

STAGES = ("measurement_set", "flags", "calibration_tables", "calibrated_ms", "continuum_image")
# A group without a calibrator rightly has no tables of its own.
OPTIONAL = frozenset({"calibration_tables"})
# goes on by the side: shown when it is there, and waited for by nobody
BESIDE = "quicklook_image"


def stage_results(run: StageRun) -> tuple[list[Product], list[StageResult]]:
    """Return the group's products and what the report says of each, in the order of the pipeline."""
    products = run.installation.products
    found = [
        group_product(run),
        *(products.current(kind, run.partition) if kind in OPTIONAL else run.input(kind) for kind in STAGES),
        products.current(BESIDE, run.partition),
    ]
    sources = [product for product in found if product is not None]
    return sources, [_result(run, product) for product in sources]


def _result(run: StageRun, product: Product) -> StageResult:
    reply = kept_reply(product)
    return StageResult(
        stage=product.kind,
        verdicts=run.earlier_verdicts([product]),
        result=reply,
        parameters=product.provenance.parameters,
        seconds=reply.get("seconds"),
        product=product.name,
        inputs=[one.name for one in product.provenance.inputs],
        run_id=product.provenance.run_id,
    )


def dagster_address(run: StageRun) -> str:
    """Return where this machine's Dagster UI is; empty when its port is not fixed."""
    port = run.installation.settings.webserver_port
    return f"http://127.0.0.1:{port}" if port else ""
