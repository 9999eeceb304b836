"""The dashboards, one module each. Their SQL is run, and their PromQL checked, by tests."""

from dsa_hcal_assets.observability.monitoring.dashboards.bias import BIAS
from dsa_hcal_assets.observability.monitoring.dashboards.dsa_operations import DSA_OPERATIONS
from dsa_hcal_assets.observability.monitoring.dashboards.emcal import EMCAL
from dsa_hcal_assets.observability.monitoring.dashboards.platform import PLATFORM
from dsa_hcal_assets.observability.monitoring.dashboards.rig import RIG
from dsa_hcal_assets.observability.monitoring.dashboards.shifter import SHIFTER
from dsa_hcal_assets.observability.monitoring.dashboards.slow_control import SLOW_CONTROL

DASHBOARDS = (SHIFTER, BIAS, SLOW_CONTROL, EMCAL, DSA_OPERATIONS, PLATFORM, RIG)
