from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs.files import BadFile, read_file, read_job
from dsa_hcal_assets_tests.daq.jobs.example_jobs import MODULE, NumbersConfig

NUMBERS = f'type = "{MODULE}:Numbers"\n'
GOOD = NUMBERS + 'id = "a"\n'

# text, key named, part of what was expected, part of what was found or of the remedy
BAD = {
    "nothing": ("", "type", "job type", "nothing"),
    "no TOML": ("type = ", "", "TOML", "Invalid value"),
    "a key twice": (GOOD + 'id = "b"\n', "", "TOML", "Cannot overwrite"),
    "a type that is no text": ("type = 3\n", "type", "job type", "3"),
    "an unknown type": ('type = "camer"\nid = "a"\n', "type", "camera", "did you mean 'camera'?"),
    "a type nothing is like": ('type = "xyzzy"\nid = "a"\n', "type", "one of", "'xyzzy'"),
    "a module that is not there": ('type = "no.such:Job"\nid = "a"\n', "type", "imported", "ModuleNotFound"),
    "a class that is not there": (f'type = "{MODULE}:No"\nid = "a"\n', "type", "imported", "no attribute"),
    "a class that is no job": ('type = "pathlib:Path"\nid = "a"\n', "type", "a subclass of Job", "Path"),
    "a module that exits": ('type = "this_exits:Job"\nid = "a"\n', "type", "imported", "SystemExit"),
    "no id": (NUMBERS, "id", "a value", "nothing"),
    "an empty id": (NUMBERS + 'id = ""\n', "id", "at least 1 character", "''"),
    "an id too long": (NUMBERS + f'id = "{"x" * 201}"\n', "id", "at most 200", "'xxx"),
    "an id that is a number": (NUMBERS + "id = 5\n", "id", "text", "5"),
    "an unknown key": (GOOD + "colour = 1\n", "colour", "a key that exists", "unknown key"),
    "a misspelt key": (GOOD + 'intervall = "1s"\n', "intervall", "exists", "did you mean 'interval'?"),
    "a duration without unit": (GOOD + 'interval = "30"\n', "interval", "a duration like", "'30'"),
    "a negative duration": (GOOD + "interval = -1\n", "interval", "greater than 0", "-1"),
    "a duration that is a flag": (GOOD + "interval = true\n", "interval", "a duration like", "True"),
    "an endless duration": (GOOD + "interval = inf\n", "interval", "a duration", "None"),
    "a flag that is text": (GOOD + 'enabled = "yes"\n', "enabled", "boolean", "'yes'"),
    "a list that is text": (GOOD + 'subscribe = "a"\n', "subscribe", "a list", "'a'"),
    "a list of numbers": (GOOD + "after = [1]\n", "after[0]", "text", "1"),
    "an integer that is text": (GOOD + 'most = "5"\n', "most", "integer", "'5'"),
    "a size in no unit": (GOOD + 'live_copy = "4 stones"\n', "live_copy", "byte unit", "'4 stones'"),
    "an unknown policy": (GOOD + '[stream]\npolicy = "hope"\n', "stream.policy", "'block'", "'hope'"),
    "a ring too small": (GOOD + '[stream]\nsize = "1 kB"\n', "stream.size", "4096", "'1 kB'"),
    "an unknown key of a table": (GOOD + "[stream]\nslots = 4\n", "stream.slots", "exists", "unknown key"),
    "a table that is a value": (GOOD + "limits = 5\n", "limits", "a table", "5"),
    "a nice too nice": (GOOD + "[limits]\nnice = 20\n", "limits.nice", "less than or equal to 19", "20"),
    "memory too small": (GOOD + '[limits]\nmemory = "1 MB"\n', "limits.memory", "67108864", "'1 MB'"),
    "an unknown restart": (GOOD + '[restart]\nwhen = "maybe"\n', "restart.when", "'never'", "'maybe'"),
    "an unknown level": (GOOD + '[log]\nlevel = "LOUD"\n', "log.level", "'DEBUG'", "'LOUD'"),
    "an input without producer": (GOOD + "[[input]]\ntopics = []\n", "input[0].from", "a value", "nothing"),
    "stores that are a list": (GOOD + "store_config = []\n", "store_config", "a table", "[]"),
    "a store that is text": (GOOD + '[store_config]\ncsv = "x"\n', "store_config.csv", "a table", "'x'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_key_what_was_expected_and_what_was_found(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "this_exits.py").write_text("raise SystemExit(1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    text, key, expected, found = BAD[case]
    with pytest.raises(BadFile) as caught:
        read_job(text, "jobs/a.toml")
    [problem] = caught.value.problems
    assert problem.file == "jobs/a.toml"
    assert problem.key == key
    assert expected in problem.expected
    assert found in f"{problem.found} {problem.remedy}"
    assert problem.file in str(caught.value)


def test_there_are_thirty_cases_and_more():
    assert len(BAD) >= 30


def test_every_mistake_of_a_file_is_told_at_once():
    with pytest.raises(BadFile) as caught:
        read_job(GOOD + 'interval = "x"\nmost = 1.5\nhue = 1\n', "a.toml")
    assert {problem.key for problem in caught.value.problems} == {"interval", "most", "hue"}
    assert "and 2 more" in str(caught.value)


def test_a_good_file_becomes_the_configuration_of_its_type():
    text = GOOD + 'interval = "250ms"\nmost = 5\nsubscribe = ["alerts.*"]\nlive_copy = "1 kB"\n'
    text += '[stream]\npolicy = "block"\nsize = "1 MiB"\n[[input]]\nfrom = "noise*"\n'
    config = read_job(text, "a.toml")
    assert isinstance(config, NumbersConfig)
    assert (config.id, config.interval, config.most) == ("a", 0.25, 5)
    assert (config.live_copy, config.stream.size, config.stream.policy) == (1000, 1 << 20, "block")
    assert (config.input[0].producers, config.subscribe) == ("noise*", ("alerts.*",))


@pytest.mark.parametrize(
    ("content", "found"),
    [(None, "No such file"), (b"\xff\xfe", "invalid start byte")],
    ids=["missing", "latin"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, found: str):
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFile, match=found):
        read_file(path)
