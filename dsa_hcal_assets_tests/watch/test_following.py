"""What is wrong is told once, told again when it gets worse, and closed when nobody finds it any more."""

import pytest

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.watch import Condition, follow
from dsa_hcal_assets.watch.condition import graded

MILD = Condition("a", Severity.WARNING, "disk", "little room", details={"free_gb": 150})
BAD = Condition("a", Severity.CRITICAL, "disk", "no room")
OTHER = Condition("b", Severity.ERROR, "disk", "another disk", source="radio", partition="p", run_id="r")


@pytest.fixture
def find(installation):
    """Let a look find these; return the titles of the alerts that are open then."""

    def find(*conditions, scope="disks"):
        follow(installation.database, installation.tell, scope, conditions)
        return {entry.alert.title for entry in open_alerts(installation.database)}

    return find


def told(installation):
    return [title for (title,) in installation.database.rows("select title from platform.alert order by id")]


def test_a_condition_is_an_alert_while_it_lasts(find, installation):
    assert find(MILD, OTHER) == {"little room", "another disk"}
    other, mild = (entry.alert for entry in open_alerts(installation.database))
    assert (mild.severity, mild.category, mild.source, mild.details) == (
        "warning", "disk", "platform", {"free_gb": 150},
    )  # fmt: skip
    assert (other.source, other.partition, other.run_id) == ("radio", "p", "r")
    assert find(MILD) == {"little room"}
    assert find() == set()


def test_it_is_told_once_however_often_it_is_found_and_again_when_it_comes_back(find, installation):
    for _ in range(3):
        find(MILD)
    assert told(installation) == ["little room"]
    find()
    find(MILD)
    assert told(installation) == ["little room", "little room"]


def test_what_gets_worse_is_told_again_and_is_one_trouble(find, installation):
    find(MILD)
    assert find(BAD) == find(MILD) == {"no room"}
    assert told(installation) == ["little room", "no room"]
    assert find() == set()


def test_alerts_of_other_scopes_are_left_alone(find, installation):
    installation.tell(Alert(Severity.ERROR, "run", "a run failed", dedup_key="run:1"))
    find(OTHER, scope="disks.of.others")
    assert find(MILD) == {"a run failed", "another disk", "little room"}
    assert find() == {"a run failed", "another disk"}


def test_a_scope_is_no_pattern(find):
    find(OTHER, scope="disks")
    assert find(scope="d_sks") == find(scope="%") == {"another disk"}


@pytest.mark.parametrize(("value", "severity"), [(9, None), (10, "warning"), (29, "warning"), (30, "error")])
def test_numbers_are_graded_from_the_limit_on(value, severity):
    assert graded(value, 10, 30) == severity
