"""A webhook gets JSON within deadlines, and its address stays secret."""

import asyncio
import json
import logging
from contextlib import suppress

import pytest

from dsa_hcal_assets.alerts import notices
from dsa_hcal_assets.alerts.channels import DeliveryFailed
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.alerts.receivers import http_receiver
from dsa_hcal_assets_tests.alerts.test_raising import TROUBLE

NOTICE = notices.raised(TROUBLE, 7)


def hook(url: str, **options) -> WebhookChannel:
    return WebhookChannel(url, **{"try_seconds": 2.0, "total_seconds": 6.0} | options)


def test_the_receiver_gets_every_field_of_the_alert():
    with http_receiver() as receiver:
        hook(receiver.url).deliver(NOTICE)
    alert = json.loads(json.dumps(TROUBLE.as_json()))
    assert receiver.bodies == [{"event": "raised", "id": 7, **alert}]


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (404, 1), (302, 1), (500, 3), (429, 3)])
def test_only_what_may_pass_is_tried_again_and_the_rest_is_refused(status, tries):
    with http_receiver(status) as receiver, pytest.raises(DeliveryFailed, match=f"HTTP {status}") as caught:
        hook(receiver.url).deliver(NOTICE)
    assert len(receiver.bodies) == tries
    assert caught.value.refused == (tries == 1)


def test_a_receiver_that_recovers_gets_the_alert():
    with http_receiver(503, 503, 200) as receiver:
        hook(receiver.url).deliver(NOTICE)
    assert len(receiver.taken) == 1


def test_a_receiver_that_does_not_answer_is_away():
    with http_receiver(pause=4.0) as receiver, pytest.raises(DeliveryFailed, match="TimeoutError") as caught:
        hook(receiver.url, try_seconds=0.3, total_seconds=1.0).deliver(NOTICE)
    assert not caught.value.refused


def test_it_works_inside_an_event_loop():
    async def caller(url):
        hook(url).deliver(NOTICE)

    with http_receiver() as receiver:
        asyncio.run(caller(receiver.url))
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("url", ["ftp://host/s3cret", "s3cret", "http://", "http://host:port/s3cret"])
def test_an_address_that_is_none_is_refused_without_showing_it(url):
    with pytest.raises(ConfigurationError, match="WEBHOOK_URL") as caught:
        hook(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 404, 503, None])
def test_the_secret_address_is_nowhere_in_logs_or_errors(caplog, status):
    with caplog.at_level(logging.DEBUG), http_receiver(status or 200) as receiver:
        channel = hook(receiver.url if status else "http://127.0.0.1:9/hook/s3cret-token")
        with suppress(DeliveryFailed):
            channel.deliver(NOTICE)
    assert "s3cret" not in caplog.text + repr(channel)


def test_the_error_names_neither_the_address_nor_the_errors_below():
    with http_receiver(404) as receiver, pytest.raises(DeliveryFailed) as caught:
        hook(receiver.url).deliver(NOTICE)
    assert caught.value.__suppress_context__
    assert "s3cret" not in str(caught.value)
