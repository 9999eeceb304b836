"""What is remembered is what would be made again."""

from dsa_hcal_assets.web.remembered import Remembered


class Maker:
    """Makes a different body each time."""

    def __init__(self):
        self.made = 0

    def __call__(self):
        self.made += 1
        return str(self.made).encode()


def test_an_answer_is_made_once_for_a_version():
    remembered, make = Remembered(), Maker()
    assert [remembered.body("year", 7, make) for _ in range(3)] == [b"1", b"1", b"1"]
    assert remembered.body("day", 7, make) == b"2"


def test_other_data_make_another_answer():
    remembered, make = Remembered(), Maker()
    assert [remembered.body("year", version, make) for version in (7, 8, 8, 7)] == [b"1", b"2", b"2", b"3"]


def test_only_so_many_are_kept_and_the_one_used_longest_ago_goes():
    remembered, make = Remembered(most=2), Maker()
    for asked in ("a", "b", "a", "c"):
        remembered.body(asked, 1, make)
    assert make.made == 3
    assert remembered.body("a", 1, make) == b"1"
    assert remembered.body("b", 1, make) == b"4"


def test_what_fails_is_not_remembered():
    remembered = Remembered()

    def fail():
        raise LookupError

    for _ in range(2):
        try:
            remembered.body("a", 1, fail)
        except LookupError:
            continue
        raise AssertionError
    assert remembered.body("a", 1, Maker()) == b"1"
