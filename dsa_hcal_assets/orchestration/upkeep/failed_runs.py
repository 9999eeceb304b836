"""Every failed run becomes an alert, with the partition and the error's own words."""

import dagster as dg

from dsa_hcal_assets.installation import Installation
