"""What is due reaches its channel, in order, within the limits, whatever is down or killed meanwhile."""

import subprocess
import sys
import threading
from collections import Counter

import pytest

from dsa_hcal_assets.alerts import Alert, Severity, record
from dsa_hcal_assets.alerts.delivery import deliver_all, deliver_due, follow
from dsa_hcal_assets.alerts.history import channel_states, deliveries
from dsa_hcal_assets.alerts.outbox import GIVE_UP_AFTER, TITLES_IN_DIGEST
from dsa_hcal_assets.alerts.outlets import Limits, Outlets
from dsa_hcal_assets.alerts.silences import Matchers, lift, silence
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.alerts import AlertSettings
from dsa_hcal_assets_tests.alerts.receivers import HttpReceiver, http_receiver, smtp_receiver, wait_until

FEW = Limits(most=3, window_seconds=300)
LATER = utc_now().replace(year=utc_now().year + 1)


@pytest.fixture
def receiver():
    with http_receiver() as one:
        yield one


class Post:
    """An installation with one webhook: raise, resolve, deliver, let time pass."""

    def __init__(self, database: Database, receiver: HttpReceiver):
        self.database, self.receiver = database, receiver
        self.channel = WebhookChannel(receiver.url, attempts=1, try_seconds=5.0)

    def tell(self, title: str, severity=Severity.ERROR, category="run", key: str = "") -> int:
        alert = Alert(severity, category, title, dedup_key=key)
        return record.insert(self.database, alert, ["webhook"])[0]

    def deliver(self):
        return deliver_due(self.database, self.channel, FEW)

    def pauses_pass(self) -> None:
        with self.database.transaction() as cursor:
            cursor.execute(
                "update platform.alert_delivery set not_before = clock_timestamp() - interval '1 s'"
            )
            cursor.execute("update platform.alert_window set not_before = clock_timestamp() - interval '1 s'")

    def window_ends(self) -> None:
        with self.database.transaction() as cursor:
            cursor.execute(
                "update platform.alert_window set ends_at = clock_timestamp() where closed_at is null"
            )

    def states(self, alert_id: int) -> list[tuple[str, str]]:
        return [(one.kind, one.state) for one in deliveries(self.database, alert_id)]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(body["event"], body.get("title", "")) for body in self.receiver.taken]


@pytest.fixture
def post(database, receiver):
    return Post(database, receiver)


class TestTelling:
    def test_what_is_due_is_sent_once(self, post):
        number = post.tell("hot")
        assert (post.deliver().notices, post.deliver().notices) == (1, 0)
        assert post.told == [("raised", "hot")]
        assert post.receiver.taken[0]["id"] == number
        assert post.states(number) == [("raised", "sent")]

    def test_the_most_urgent_goes_first_then_the_oldest(self, post):
        for title, severity in (
            ("a", Severity.WARNING),
            ("b", Severity.CRITICAL),
            ("c", Severity.WARNING),
            ("d", Severity.CRITICAL),
        ):
            post.tell(title, severity)
        post.deliver()
        assert [title for _, title in post.told] == ["b", "d", "a", "c"]

    def test_the_end_of_a_trouble_is_told_to_whom_the_trouble_was_told(self, post):
        number = post.tell("hot", key="k")
        post.deliver()
        record.resolve(post.database, "k")
        post.deliver()
        assert post.told == [("raised", "hot"), ("recovered", "hot")]
        assert post.states(number) == [("raised", "sent"), ("recovered", "sent")]

    def test_a_trouble_that_is_over_before_it_was_told_is_told_with_its_end(self, post):
        post.tell("hot", key="k")
        record.resolve(post.database, "k")
        post.deliver()
        assert post.told == [("raised", "hot"), ("recovered", "hot")]

    def test_an_alert_for_no_channel_is_told_to_none(self, post):
        record.insert(post.database, Alert(Severity.DEBUG, "run", "quiet", dedup_key="k"))
        record.resolve(post.database, "k")
        assert post.deliver().notices == 0
        assert channel_states(post.database) == []


class TestChannelInTrouble:
    def test_what_it_did_not_take_waits_for_it_in_order(self, post):
        post.receiver.statuses = [503]
        numbers = [post.tell("one"), post.tell("two")]
        tally = post.deliver()
        assert (tally.failures, tally.away) == (1, True)
        assert post.deliver().failures == 0, "it is spared until the pause is over"
        (state,) = channel_states(post.database)
        assert (state.due, state.last_taken_at) == (2, None)
        assert "HTTP 503" in state.error

        post.receiver.statuses = [200]
        post.pauses_pass()
        assert post.deliver().notices == 2
        assert post.told == [("raised", "one"), ("raised", "two")]
        assert [post.states(one) for one in numbers] == [[("raised", "sent")]] * 2

    def test_pauses_grow(self, post):
        post.receiver.statuses = [503]
        number = post.tell("one")
        pauses = []
        for _ in range(10):
            post.deliver()
            (due,) = deliveries(post.database, number)
            pauses.append((due.next_try_at - utc_now()).total_seconds())
            post.pauses_pass()
        assert pauses[:2] == pytest.approx([4, 8], abs=1.5)
        assert pauses[-1] == pytest.approx(600, abs=2)

    def test_what_it_refuses_keeps_nothing_else_waiting(self, post):
        post.receiver.statuses = [400, 200]
        refused, taken = post.tell("bad"), post.tell("good")
        assert post.deliver().failures == 1
        assert post.states(taken) == [("raised", "sent")]
        assert post.states(refused) == [("raised", "due")]

    def test_what_it_refuses_for_days_is_given_up_and_said_so(self, post):
        post.receiver.statuses = [404]
        number = post.tell("bad")
        with post.database.transaction() as cursor:
            cursor.execute(f"update platform.alert set raised_at = now() - interval '{GIVE_UP_AFTER} 1 s'")
        post.deliver()
        (given_up,) = deliveries(post.database, number)
        assert given_up.state == "refused"
        assert "HTTP 404" in given_up.error

    def test_what_is_refused_is_not_told_to_be_over_before_it_is_told(self, post):
        post.receiver.statuses = [400, 200]
        post.tell("hot", key="k")
        record.resolve(post.database, "k")
        post.deliver()
        assert post.told == []
        post.pauses_pass()
        post.deliver()
        assert post.told == [("raised", "hot"), ("recovered", "hot")]

    def test_after_a_long_outage_the_rest_comes_as_one_digest(self, post):
        post.receiver.statuses = [503]
        for number in range(20):
            post.tell(f"run {number}")
        post.deliver()
        post.receiver.statuses = [200]
        post.pauses_pass()
        post.deliver()
        post.window_ends()
        post.deliver()
        assert Counter(event for event, _ in post.told) == {"raised": 3, "digest": 1}
        assert post.receiver.taken[-1]["count"] == 17


class TestLimits:
    def test_more_than_the_limit_becomes_one_digest_at_the_end_of_the_window(self, post):
        numbers = [post.tell(f"run {number}") for number in range(20)]
        assert post.deliver().notices == 3
        assert post.deliver().digests == 0
        post.window_ends()
        tally = post.deliver()
        assert (tally.notices, tally.digests) == (0, 1)
        digest = post.receiver.taken[-1]
        assert (digest["event"], digest["category"], digest["severity"]) == ("digest", "run", "error")
        assert digest["count"] == 17
        assert digest["titles"] == [f"run {number}" for number in range(3, 3 + TITLES_IN_DIGEST)]
        assert [post.states(one)[0][1] for one in numbers] == ["sent"] * 3 + ["digested"] * 17
        assert post.deliver().digests == 0

    def test_the_next_window_begins_with_the_next_alert(self, post):
        for number in range(4):
            post.tell(f"run {number}")
        post.deliver()
        post.window_ends()
        post.tell("late")
        post.deliver()
        assert post.receiver.taken[-1]["titles"] == ["run 3", "late"]
        post.tell("next")
        post.deliver()
        assert post.told[-1] == ("raised", "next")

    def test_a_window_with_nothing_held_back_needs_no_digest(self, post):
        post.tell("only")
        post.deliver()
        post.window_ends()
        assert post.deliver().digests == 0
        assert post.database.rows("select count(*) from platform.alert_window where closed_at is null") == [
            (0,)
        ]

    def test_each_category_and_severity_has_its_own(self, post):
        for number in range(5):
            post.tell(f"{number}", Severity.ERROR, "run")
            post.tell(f"{number}", Severity.CRITICAL, "run")
            post.tell(f"{number}", Severity.ERROR, "disk")
        assert post.deliver().notices == 9
        post.window_ends()
        assert post.deliver().digests == 3

    def test_ends_of_troubles_count_too_and_the_digest_tells_them_apart(self, post):
        for number in range(3):
            post.tell(f"run {number}", key=f"{number}")
        post.deliver()
        for number in range(3):
            record.resolve(post.database, f"{number}")
        post.tell("run 3")
        assert post.deliver().notices == 0
        post.window_ends()
        post.deliver()
        digest = post.receiver.taken[-1]
        assert (digest["count"], digest["recovered"], digest["titles"]) == (1, 3, ["run 3"])

    def test_a_digest_that_is_not_taken_is_tried_again_and_grows(self, post):
        for number in range(5):
            post.tell(f"run {number}")
        post.deliver()
        post.window_ends()
        post.receiver.statuses = [503]
        assert post.deliver().failures == 1
        post.tell("run 5")
        post.receiver.statuses = [200]
        post.pauses_pass()
        assert post.deliver().digests == 1
        assert post.receiver.taken[-1]["count"] == 3


class TestSilences:
    def hush(self, post, **matchers):
        return silence(post.database, Matchers(**matchers), until=LATER, who="ann").silence_id

    def test_what_is_silenced_is_recorded_and_not_told(self, post):
        self.hush(post, category="run")
        number = post.tell("hot")
        post.tell("full", category="disk")
        post.deliver()
        assert post.told == [("raised", "full")]
        assert post.states(number) == [("raised", "silenced")]
        assert len(record.open_alerts(post.database)) == 2

    def test_what_is_still_wrong_when_the_silence_ends_is_told_then(self, post):
        number = self.hush(post, title="*hot*")
        post.tell("board 5 is hot", key="k")
        post.deliver()
        assert lift(post.database, number, "ann")
        post.deliver()
        assert post.told == [("raised", "board 5 is hot")]

    def test_what_was_over_or_taken_care_of_or_only_an_event_is_not(self, post):
        number = self.hush(post, category="run")
        over = post.tell("over", key="over")
        noted = post.tell("noted", key="noted")
        event = post.tell("event")
        post.deliver()
        record.resolve(post.database, "over")
        record.acknowledge(post.database, noted, "ann")
        lift(post.database, number, "ann")
        assert post.deliver().notices == 0
        assert [post.states(one) for one in (over, noted, event)] == [[("raised", "dropped")]] * 3

    def test_the_end_of_what_was_told_is_told_in_a_silence(self, post):
        post.tell("hot", key="k")
        post.deliver()
        self.hush(post, category="*")
        record.resolve(post.database, "k")
        post.deliver()
        assert post.told == [("raised", "hot"), ("recovered", "hot")]

    def test_what_waits_for_a_digest_is_silenced_too(self, post):
        for number in range(5):
            post.tell(f"run {number}")
        post.deliver()
        self.hush(post, category="run")
        post.window_ends()
        assert post.deliver().digests == 0
        assert len(post.told) == 3


class TestManyProcesses:
    def test_of_many_at_once_one_sends(self, post):
        for number in range(20):
            post.tell(f"run {number}")
        post.deliver()
        post.window_ends()
        post.receiver.pause = 0.2
        threads = [threading.Thread(target=post.deliver) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(event for event, _ in post.told) == {"raised": 3, "digest": 1}

    def test_a_sender_that_is_killed_in_the_middle_loses_nothing(self, post):
        number = post.tell("hot")
        with http_receiver(pause=30.0) as deaf:
            program = (
                "from dsa_hcal_assets.database.connection import Database\n"
                "from dsa_hcal_assets.alerts.delivery import deliver_due\n"
                "from dsa_hcal_assets.alerts.outlets import Limits\n"
                "from dsa_hcal_assets.alerts.webhook import WebhookChannel\n"
                f"channel = WebhookChannel({deaf.url!r}, try_seconds=60, total_seconds=60)\n"
                f"deliver_due(Database({post.database.url!r}), channel, Limits())\n"
            )
            sender = subprocess.Popen([sys.executable, "-c", program])
            try:
                wait_until(lambda: deaf.bodies, 60)
                assert post.deliver().notices == 0, "the other one is sending"
            finally:
                sender.kill()
                sender.wait(10)
            wait_until(lambda: post.deliver().notices == 1, 20)
        assert post.told == [("raised", "hot")]
        assert post.states(number) == [("raised", "sent")]


class TestFollowing:
    def test_alerts_are_told_at_once_and_a_slow_channel_is_in_nobodys_way(self, post):
        with http_receiver(pause=60.0) as slow:
            channels = {"webhook": post.channel, "slow": Slow("slow", slow.url)}
            stop = threading.Event()
            outlets = Outlets(channels, [])
            service = threading.Thread(target=follow, args=(post.database, outlets, stop))
            service.start()
            try:
                for number in range(3):
                    record.insert(
                        post.database, Alert(Severity.ERROR, "run", f"run {number}"), ["slow", "webhook"]
                    )
                    wait_until(lambda: len(post.told) == number + 1, 20)  # noqa: B023 - called at once
            finally:
                stop.set()
                slow.stop_waiting.set()
                service.join(30)
            assert not service.is_alive()
        assert [title for _, title in post.told] == ["run 0", "run 1", "run 2"]

    def test_it_goes_on_after_the_database_dropped_it(self, post):
        stop = threading.Event()
        service = threading.Thread(
            target=follow, args=(post.database, Outlets({"webhook": post.channel}, []), stop)
        )
        service.start()
        try:
            number = post.tell("before")
            wait_until(lambda: post.states(number) == [("raised", "sent")], 20)
            post.database.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
            post.tell("after")
            wait_until(lambda: len(post.told) == 2, 30)
        finally:
            stop.set()
            service.join(30)
        assert [title for _, title in post.told] == ["before", "after"]


class Slow(WebhookChannel):
    def __init__(self, name: str, url: str):
        super().__init__(url, try_seconds=60, total_seconds=60)
        self.name = name


def test_an_alert_that_is_raised_somewhere_is_in_the_mail(database, tmp_path):
    with smtp_receiver() as (inbox, port):
        wanted = AlertSettings(
            mail_server="127.0.0.1",
            mail_port=port,
            mail_security="insecure",
            mail_from="dsa@example.org",
            mail_to="ann@example.org",
        )
        installation = Installation(Settings(state_dir=tmp_path, database_url=database.url, alerts=wanted))
        installation.tell(Alert(Severity.WARNING, "disk", "filling"))
        installation.tell(Alert(Severity.CRITICAL, "disk", "full"))
        deliver_all(database, installation.outlets)
        installation.database.close()
    assert [mail["Subject"] for mail in inbox.mails] == ["CRITICAL [disk] full"]


def test_settings_make_outlets_that_deliver(database, receiver):
    outlets = Outlets.of(Settings(webhook_url=receiver.url))
    alert = Alert(Severity.CRITICAL, "disk", "full")
    record.insert(database, alert, [channel.name for channel in outlets.channels_for(alert)])
    (channel,) = outlets.channels.values()
    assert deliver_due(database, channel, outlets.limits).notices == 1
    assert receiver.taken[0]["title"] == "full"
