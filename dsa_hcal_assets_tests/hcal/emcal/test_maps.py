"""Maps of the EMCal show every tower at its place, and what is missing as missing."""

import numpy as np

from dsa_hcal_assets.hcal.emcal import maps, readers
from dsa_hcal_assets.hcal.emcal.geometry import towers
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import cycle


def test_each_tower_is_drawn_at_its_place(emcal_day):
    frame = readers.state_at(emcal_day, cycle(0))
    figure = maps.eta_phi_map(frame, maps.SIPM)
    drawn = figure.axes[0].images[0].get_array()
    assert drawn.shape == (96, 256)
    for tower in (0, 385, 12345, 24575):
        place = towers().ieta[tower], towers().iphi[tower]
        assert drawn[place] == np.float64(frame["temperature_sipm"].iloc[tower])
    assert drawn.mask.sum() == 384
    assert "384 towers without a value" in figure.axes[0].texts[0].get_text()
    assert len(figures.png(figure)) > 10_000


def test_a_day_without_readings_is_drawn_as_missing(emcal_day):
    frame = readers.towers_of_day(emcal_day, "2025-06-06")
    figure = maps.eta_phi_map(frame, maps.LEAKAGE)
    assert figure.axes[0].images[0].get_array().mask.all()
