"""What the tests ask forked CASA to do: a small observation, from simulation to image."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def whole_chain(directory: str, flux: float) -> dict[str, Any]:
    import casatasks
    import numpy as np

    ms = str(Path(directory) / "small.ms")
    _simulate(ms, flux)
    casatasks.setjy(vis=ms, standard="manual", fluxdensity=[flux, 0, 0, 0], usescratch=True)
    casatasks.gaincal(vis=ms, caltable=f"{ms}.G", refant="A0", solint="inf")
    casatasks.tclean(vis=ms, imagename=f"{ms}.im", imsize=64, cell="5arcsec", niter=10)
    peak = float(np.squeeze(casatasks.imstat(f"{ms}.im.image")["max"]))
    return {"peak": peak, "files": sorted(path.name for path in Path(directory).iterdir())}


def _simulate(ms: str, flux: float) -> None:
    import casatools
    import numpy as np

    simulator, measures, components = casatools.simulator(), casatools.measures(), casatools.componentlist()
    place = np.random.default_rng(1).uniform(-300, 300, (2, 8))
    direction = "J2000 13h31m08.3s 30d30m33s"
    simulator.open(ms)
    simulator.setconfig(
        telescopename="VLA",
        x=place[0],
        y=place[1],
        z=np.zeros(8),
        dishdiameter=[25.0] * 8,
        mount=["alt-az"] * 8,
        antname=[f"A{i}" for i in range(8)],
        coordsystem="local",
        referencelocation=measures.observatory("VLA"),
    )
    simulator.setspwindow(
        spwname="L", freq="1.4GHz", deltafreq="1MHz", freqresolution="1MHz", nchannels=4, stokes="RR LL"
    )
    simulator.setfeed("perfect R L")
    simulator.setfield(sourcename="source", sourcedirection=direction.split())
    simulator.setauto(0.0)
    simulator.settimes("10s", True, measures.epoch("UTC", "2020/01/01"))
    simulator.observe("source", "L", starttime="-60s", stoptime="60s")
    components.addcomponent(flux=flux, dir=direction, freq="1.4GHz", shape="point")
    components.rename(f"{ms}.cl")
    components.close()
    simulator.predict(complist=f"{ms}.cl")
    simulator.close()
    simulator.done()
    shutil.rmtree(f"{ms}.cl")


def severe(text: str) -> None:
    import casatasks

    casatasks.casalog.post(text, "SEVERE")


def flood_casalog(megabytes: int) -> None:
    import casatasks

    for _ in range(megabytes * 100):
        casatasks.casalog.post("x" * 10_000, "WARN")


def measures_data() -> str:
    import casatools

    return str(casatools.ctsys.measurespath())


def hang_after_a_message(mark: str) -> None:
    """Hang as CASA does: a message in its log, a child process, deaf to signals."""
    import casatasks

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    casatasks.casalog.post("the last message before it hung")
    sys.stderr.write("the last words on stderr\n")
    child = subprocess.Popen(["sleep", "300"])
    Path(mark).write_text(f"{os.getpid()} {child.pid}")
    while True:
        time.sleep(0.1)
