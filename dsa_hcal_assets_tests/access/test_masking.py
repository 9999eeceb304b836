"""Secrets do not get into logs, however they come."""

import io
import logging

import pytest

from dsa_hcal_assets.access.masking import MaskedFormatter, mask
from dsa_hcal_assets.access.secrets import SESSION_PREFIX, TOKEN_PREFIX, Secret


@pytest.fixture
def log():
    """A logger that writes through the formatter, and what it wrote."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskedFormatter("%(levelname)s %(message)s"))
    logger = logging.Logger("masked")
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize("prefix", [TOKEN_PREFIX, SESSION_PREFIX])
@pytest.mark.parametrize(
    "form", ["{}", "GET /api/status?token={}&x=1", "Cookie: a=b; c={}; d", "'{}'", "({})."]
)
def test_a_secret_is_masked_and_its_public_part_stays(prefix, form):
    secret = Secret.new(prefix)
    shown = mask(form.format(secret.text))
    assert secret.private not in shown
    assert secret.public_id in shown


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer eyJhbGciOi.J9-x_y", "eyJhbGciOi"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("postgresql://reader:hunter2@127.0.0.1:5510/d did not answer", "hunter2"),
    ],
)
def test_credentials_of_other_kinds_are_masked(text, secret):
    assert secret not in mask(text)


@pytest.mark.parametrize(
    "text",
    ["", "group 2025-06-05T20:37:07 done", "http://127.0.0.1:8110/api/status", "the bearer of bad news"],
)
def test_other_texts_stay(text):
    assert mask(text) == text


def test_arguments_and_tracebacks_are_masked_too(log):
    logger, written = log
    secret = Secret.new(TOKEN_PREFIX)
    logger.warning("refused %s", secret.text)
    try:
        raise ValueError(secret.text)
    except ValueError:
        logger.exception("failed")
    assert "ValueError" in written.getvalue()
    assert secret.private not in written.getvalue()
