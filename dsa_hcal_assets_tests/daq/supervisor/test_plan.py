from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.jobs import Input
from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.errors import StreamFull
from dsa_hcal_assets.daq.streams.interface import StreamWriter
from dsa_hcal_assets.daq.streams.opening import open_reader, open_writer
from dsa_hcal_assets.daq.supervisor.config import SupervisorConfig
from dsa_hcal_assets.daq.supervisor.directory import consistent, read_job_text
from dsa_hcal_assets.daq.supervisor.plan import Plan, make_plan
from dsa_hcal_assets.daq.supervisor.readers import settle_readers
from dsa_hcal_assets_tests.daq.supervisor.acquisition import job_text


def plan(texts: Sequence[str], **options: object) -> Plan:
    jobs = consistent([read_job_text(text, f"{number}.toml") for number, text in enumerate(texts)])
    assert jobs.problems == ()
    return make_plan(SupervisorConfig(id="here", **options), jobs.jobs)


def source(identity: str, tables: str = "") -> str:
    return job_text(identity, "Numbers") + tables


def collector(identity: str, tables: str = "") -> str:
    return job_text(identity, "Collector", into="/tmp/x") + tables


def test_a_producer_names_its_store_and_tells_it_options():
    made = plan([source("a", '[store_config.keep]\ntopics = ["t.*"]\nlabel = "L"\n'), collector("keep")])
    assert made.jobs["keep"].inputs == (Input("a", ("t.*",), {"label": "L"}),)
    assert made.jobs["a"].readers == ("keep",)
    assert made.problems == ()


def test_a_store_chooses_producers_by_pattern():
    text = '[[input]]\nfrom = "noise*"\ntopics = ["x"]\n[input.options]\nlabel = "mine"\n'
    made = plan([source("noise1"), source("noise/2"), source("other"), collector("keep", text)])
    assert [one.producer for one in made.jobs["keep"].inputs] == ["noise/2", "noise1"]
    assert made.jobs["other"].readers == ()


def test_what_the_producer_says_about_its_store_goes_before_the_stores_pattern():
    text = '[[input]]\nfrom = "*"\n[input.options]\nlabel = "all"\n'
    made = plan([source("a", '[store_config.keep]\nlabel = "own"\n'), source("b"), collector("keep", text)])
    assert [dict(one.options) for one in made.jobs["keep"].inputs] == [{"label": "own"}, {"label": "all"}]


@pytest.mark.parametrize("name", ["keep", "x"])
def test_a_store_is_found_by_its_id_and_by_the_short_form_of_it(name: str):
    store = collector("store.x" if name == "x" else "keep")
    assert plan([source("a", f"[store_config.{name}]\n"), store]).jobs["a"].readers


def test_a_store_no_file_names_is_made_when_a_producer_wants_one_of_an_installed_type():
    made = plan([source("a", "[store_config.traces]\n")])
    assert made.jobs["store.traces"].job.config.type == "traces"
    assert made.jobs["a"].readers == ("store.traces",)


@pytest.mark.parametrize(
    ("texts", "file", "key", "expected", "hint"),
    [
        ([source("a", "[store_config.keeep]\n"), collector("keep")], "0.toml", "store_config.keeep",
         "the id or the type", "'keep'"),
        ([source("a", "[store_config.keep]\nlable = 1\n"), collector("keep")], "0.toml",
         "store_config.keep.lable", "a key that exists", "'label'"),
        ([source("a", "[store_config.b]\n"), source("b")], "0.toml", "store_config.b", "reads kept", ""),
        ([source("a", '[store_config.keep]\ntopics = "x"\n'), collector("keep")], "0.toml",
         "store_config.keep.topics", "a list of topics", ""),
        ([collector("keep", '[[input]]\nfrom = "nobody"\n')], "0.toml", "input[0].from", "another job", ""),
        ([collector("keep", '[[input]]\nfrom = "n*@there"\n')], "0.toml", "input[0].from", "by its own", ""),
        ([collector("keep", '[[input]]\nfrom = "*"\n[input.options]\nx = 1\n')], "0.toml",
         "input[0].options.x", "a key that exists", ""),
        ([source("a", '[[input]]\nfrom = "*"\n')], "0.toml", "input[0]", "reads kept", ""),
    ],
)  # fmt: skip
def test_a_route_that_cannot_be_is_named_and_its_job_left_out(texts, file, key, expected, hint):
    made = plan([*texts, source("unaffected")])
    [problem] = made.problems
    assert (problem.file, problem.key) == (file, key)
    assert expected in problem.expected
    assert hint in (problem.remedy or "")
    assert "unaffected" in made.jobs
    assert read_job_text(texts[0], "").config.id not in made.jobs


def test_a_job_that_waits_for_one_left_out_is_left_out_too():
    made = plan([source("a", "[store_config.nowhere]\n"), job_text("b", "Numbers", after=["a"])])
    assert list(made.jobs) == ["broker"]
    assert [problem.key for problem in made.problems] == ["store_config.nowhere", "after"]


def test_readers_come_before_the_producers_they_read_and_the_broker_before_all():
    made = plan([source("a", "[store_config.keep]\n"), collector("keep")])
    assert list(made.jobs) == ["broker", "keep", "a"]
    assert made.jobs["a"].follows == ("broker", "keep")
    assert made.jobs["keep"].follows == ("broker",)


def test_jobs_that_read_each_other_do_not_wait_for_each_other():
    made = plan([collector("a", '[[input]]\nfrom = "b"\n'), collector("b", '[[input]]\nfrom = "a"\n')])
    assert made.jobs["a"].follows == made.jobs["b"].follows == ("broker",)


def test_rings_larger_than_the_budget_are_told():
    texts = [source("a", '[store_config.keep]\n[stream]\nsize = "3 MB"\n'), collector("keep")]
    [problem] = plan(texts, ring_budget="2 MB").problems
    assert (problem.key, problem.file) == ("stream.size", "0.toml")
    assert plan(texts, ring_budget="3 MB").problems == ()
    assert plan(texts, ring_budget="2 MB", shared_memory=False).problems == ()


def test_links_read_what_peers_are_sent_and_hold_what_is_read_here_of_theirs():
    federation = {"peer": [{"id": "there", "send": ["noise*"]}]}
    texts = [source("noise1"), source("other"), collector("keep", '[[input]]\nfrom = "far@there"\n')]
    made = plan(texts, federation=federation)
    assert made.jobs["noise1"].readers == ("link:there",)
    assert made.jobs["other"].readers == ()
    assert '"send":["noise1"]' in made.jobs["link"].job.config.federation.model_dump_json()
    assert [(one.producers, one.name) for one in made.jobs["link"].job.config.readers] == [
        ("far@there", "keep")
    ]
    assert made.readers() == {("noise1", "link:there"), ("far@there", "keep")}


def test_readers_are_registered_before_anything_is_sent_and_retired_when_the_plan_drops_them(tmp_path: Path):
    place = StreamPlace(tmp_path, shared_memory=False)
    config = StreamConfig(policy="block", size=4096)
    settle_readers(place, plan([source("a", "[store_config.keep]\n"), collector("keep")]))
    writer = open_writer(place, "a", config)
    sent = _fill(writer)
    settle_readers(place, plan([source("a")]))
    assert writer.send("t", bytes(500), timeout=5) == sent + 1
    writer.close()
    settle_readers(place, plan([source("a", "[store_config.keep]\n"), collector("keep")]))
    reader = open_reader(place, "a", "keep")
    assert reader.receive()[-1].sequence == sent + 1
    reader.close()


def _fill(writer: StreamWriter) -> int:
    sent = 0
    with suppress(StreamFull):
        while True:
            sent = writer.send("t", bytes(500), timeout=0)
    return sent
