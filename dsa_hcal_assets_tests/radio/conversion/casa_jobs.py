"""A Measurement Set through CASA's tasks: for a worker process of the tests."""

from pathlib import Path
from typing import Any

import numpy as np


def through_casa(ms: str, home: str) -> dict[str, Any]:
    """Run listobs, flagdata, gaincal, applycal and tclean; return what each says."""
    import casatasks

    place = Path(home)
    listed = casatasks.listobs(vis=ms, listfile=str(place / "listobs.txt"))
    flagged = casatasks.flagdata(vis=ms, mode="summary")
    table = str(place / "gains.cal")
    casatasks.gaincal(vis=ms, caltable=table, solint="inf", refant="1", minsnr=0, minblperant=2)
    casatasks.applycal(vis=ms, gaintable=[table], calwt=False, flagbackup=False)
    image = str(place / "casa")
    shape = {"imsize": 128, "cell": "5arcsec", "weighting": "natural"}
    casatasks.tclean(vis=ms, imagename=image, niter=0, datacolumn="corrected", **shape)
    statistics = casatasks.imstat(image + ".image")
    return {
        "listed": {"fields": int(listed["nfields"]), "field": listed["field_0"]["name"]},
        "text": (place / "listobs.txt").read_text(),
        "flagged": {"flagged": float(flagged["flagged"]), "total": float(flagged["total"])},
        "gains": _gains(table),
        "peak": {"jy": float(statistics["max"][0]), "at": statistics["maxpos"][:2].tolist()},
    }


def _gains(table: str) -> list[dict[str, float]]:
    """Return the solution of each antenna for the first correlation."""
    from casacore import tables

    with tables.table(table, ack=False) as opened:
        antennas, values = opened.getcol("ANTENNA1"), opened.getcol("CPARAM")[:, 0, 0]
        good = ~opened.getcol("FLAG")[:, 0, 0]
    return [
        {"antenna": int(antenna), "real": float(np.real(value)), "imag": float(np.imag(value))}
        for antenna, value in zip(antennas[good], values[good], strict=True)
    ]
