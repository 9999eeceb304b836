"""`dsa-hcal settings`, and the pages made from the settings: always what the code says."""

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.settings import settings
from dsa_hcal_assets.cli.settings_pages import environment_example, settings_page
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.legacy import HONOURED as HONOURED_LIMITS
from dsa_hcal_assets.quality.thresholds import LIMIT_FIELDS, Thresholds
from dsa_hcal_assets.settings import Settings, environment_name, load_settings, setting_paths
from dsa_hcal_assets.settings.legacy import HONOURED, PASSED_ON, REFUSED

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    ("docs/settings.md", settings_page, "--markdown"),
    (".env.example", environment_example, "--env-example"),
]


@pytest.mark.parametrize(("path", "generate", "option"), PAGES)
def test_the_committed_page_is_the_generated_one(path, generate, option):
    committed = (REPOSITORY / path).read_text(encoding="utf-8")
    assert committed == generate(), f"run `dsa-hcal settings {option} > {path}` and commit it"


@pytest.mark.parametrize(("path", "generate", "option"), PAGES)
def test_the_command_writes_the_page(path, generate, option):
    assert CliRunner().invoke(settings, [option]).output == generate()


@pytest.mark.parametrize("generate", [settings_page, environment_example])
def test_every_setting_is_on_the_page_once_in_its_list(generate):
    lists = generate().split("## Names of the older systems")[0]
    for path, meaning in setting_paths().items():
        name = re.escape(environment_name(path))
        assert len(re.findall(rf"^(?:\| `|#){name}[`=]", lists, re.MULTILINE)) == 1
        assert meaning.rstrip(".") in lists.replace("\\", "")


@pytest.mark.parametrize("old", [*HONOURED, *PASSED_ON, *REFUSED, *HONOURED_LIMITS])
def test_every_older_name_is_explained(old):
    assert f"| `{old}` |" in settings_page()


def test_every_quality_limit_is_listed_and_can_be_spelled_as_the_page_says():
    page = settings_page()
    for one in Thresholds.load(environ={}):
        assert f"`{one.metric}`" in page
        spelled = variable(one.stage, one.metric, LIMIT_FIELDS[1])
        assert re.fullmatch(r"DSA_HCAL_THRESHOLD__[A-Z0-9_]+__[A-Z0-9_]+__WARN_ABOVE", spelled)


def test_a_table_has_as_many_cells_in_every_row():
    for block in re.findall(r"(?:^\|.*\n)+", settings_page(), re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1, block


def test_the_example_changes_nothing_when_its_defaults_are_put_in_use(tmp_path):
    """Uncommented line by line and read by a shell as its head says."""
    file = tmp_path / ".env"
    lines = re.findall(r"^#(DSA_HCAL_\w+=.+)$", environment_example(), re.MULTILINE)
    file.write_text("\n".join(lines))
    shell = ["sh", "-c", 'set -a; . "$0"; set +a; env', str(file)]
    told = subprocess.run(shell, env={}, capture_output=True, text=True, timeout=10, check=True).stdout
    environ = dict(line.split("=", 1) for line in told.splitlines() if line.startswith("DSA_HCAL_"))
    assert len(environ) == len(lines) > 20
    assert load_settings(environ) == Settings()


def test_the_list_shows_values_in_use_and_hides_secrets(monkeypatch):
    monkeypatch.setenv("IMG_IMSIZE", "640")
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1/d")
    told = CliRunner().invoke(settings).output
    assert "hunter2" not in told
    assert "now: (set)" in told
    assert "DSA_HCAL_RADIO__IMSIZE (also IMG_IMSIZE)" in told
    assert "now: 640" in told
