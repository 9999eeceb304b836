"""Names of metrics follow Prometheus' conventions, and samples fit their labels."""

import re

import pytest

from dsa_hcal_assets.observability.catalogue import CATALOGUE
from dsa_hcal_assets.observability.metric import Kind, counter, gauge


@pytest.mark.parametrize("metric", CATALOGUE, ids=str)
def test_a_name_is_one_of_the_platform_and_says_its_kind(metric):
    assert re.fullmatch(r"dsa_hcal_[a-z][a-z_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.text
    assert not {"le", "instance", "job_name"} & set(metric.labels)


def test_no_name_is_given_twice():
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE) > 50


def test_a_family_has_its_samples_by_label():
    family = gauge("boards", "Boards", "source", "status").family({("hcal", "ok"): 15, ("hcal", "down"): 1})
    assert {(one.labels["source"], one.labels["status"]): one.value for one in family.samples} == {
        ("hcal", "ok"): 15,
        ("hcal", "down"): 1,
    }


def test_a_counter_is_told_as_one():
    family = counter("verdicts", "Verdicts", "level").family({("fail",): 3})
    assert (family.type, family.samples[0].name) == ("counter", "dsa_hcal_verdicts_total")


def test_a_sample_without_a_label_is_refused():
    with pytest.raises(ValueError, match="labels"):
        gauge("boards", "Boards", "source").family({(): 1})
