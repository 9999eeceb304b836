"""Keys: made once, for their owner's eyes only, given away as certificates."""

import os
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.federation.keys import (
    KeyExists,
    KeyExposed,
    KeyInvalid,
    KeyMissing,
    allow,
    generate_keys,
    own_keys,
    peer_key,
    public_key,
)


def test_the_certificate_to_give_away_holds_the_public_key_only(tmp_path: Path) -> None:
    certificate = generate_keys(tmp_path)
    own = own_keys(tmp_path)
    assert public_key(certificate) == own.public
    assert own.secret.decode() not in certificate.read_text()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_secret_is_for_its_owner_only_whatever_the_mask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        generate_keys(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "own.key_secret").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"own.key", "own.key_secret", "peers"}


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    generate_keys(tmp_path)
    own = own_keys(tmp_path)
    with pytest.raises(KeyExists, match="give all peers the new public key"):
        generate_keys(tmp_path)
    assert own_keys(tmp_path) == own


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    generate_keys(tmp_path)
    own = own_keys(tmp_path)
    assert own.secret.decode() not in repr(own)


def test_a_peer_with_any_id_may_be_let_in(tmp_path: Path) -> None:
    certificate = generate_keys(tmp_path / "peer")
    for supervisor in ("hall", "../hall/1", "ü" * 200):
        assert allow(tmp_path / "own", supervisor, certificate).parent == tmp_path / "own" / "peers"
        assert peer_key(tmp_path / "own", supervisor) == public_key(certificate)


def test_a_secret_given_by_mistake_is_not_kept(tmp_path: Path) -> None:
    generate_keys(tmp_path / "peer")
    kept = allow(tmp_path / "own", "hall", tmp_path / "peer" / "own.key_secret")
    assert own_keys(tmp_path / "peer").secret.decode() not in kept.read_text()


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    generate_keys(tmp_path)
    (tmp_path / "own.key_secret").chmod(0o640)
    with pytest.raises(KeyExposed, match="mode 640"):
        own_keys(tmp_path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"own\.key_secret"):
        own_keys(tmp_path)
    with pytest.raises(KeyMissing, match=r"hall\.key"):
        peer_key(tmp_path, "hall")


@pytest.mark.parametrize("text", ["", "curve\n", 'curve\n    public-key = "short"\n'])
def test_a_file_without_a_key_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.key").write_text(text)
    with pytest.raises(KeyInvalid, match=r"x\.key holds no key"):
        allow(tmp_path, "hall", tmp_path / "x.key")


def test_a_public_certificate_is_no_secret_key(tmp_path: Path) -> None:
    certificate = generate_keys(tmp_path / "peer")
    (tmp_path / "own.key_secret").write_bytes(certificate.read_bytes())
    with pytest.raises(KeyInvalid, match="no secret key"):
        own_keys(tmp_path)
