"""Write every file that Prometheus and Grafana read below a directory; see the package."""

import sys
from pathlib import Path

from dsa_hcal_assets.observability.monitoring.files import write

if len(sys.argv) != 2:
    sys.exit("usage: python -m dsa_hcal_assets.observability.monitoring DIRECTORY")
write(Path(sys.argv[1]))
