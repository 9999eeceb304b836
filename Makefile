# make demo   the whole platform on real and simulated data (ARGS=--exit: end by itself)
# make test   lint, types, layers, unit, integration and one end-to-end run of the demo
# Both install everything they need into .venv first; a second start takes seconds.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# An inherited PYTHONDONTWRITEBYTECODE makes every start three times slower.
RUN := env -u PYTHONDONTWRITEBYTECODE

.PHONY: demo up test verify check install system clean

demo: install
	$(RUN) $(BIN)/dsa-hcal demo $(ARGS)

up: install
	$(RUN) $(BIN)/dsa-hcal up $(ARGS)

# Three at once on two cores: much of what is tested is waiting for something that was killed.
test: install system check
	$(RUN) $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not verify' $(ARGS)

verify: install system check
	$(RUN) $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --hypothesis-profile searching $(ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(VENV)/installed

$(VENV)/installed: requirements.lock bootstrap.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make PYTHON=/path/to/python3.11")'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	$(RUN) $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python bootstrap.lock requirements.lock
	$(RUN) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	touch $@

# Programs that some suites need; suites whose program is absent are named NOT RUN by the test command.
system:
	@sh deploy/install_test_programs.sh

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
