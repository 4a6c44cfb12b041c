# Needs only make and python3 >= 3.11; everything else comes into .venv, pinned by hash in requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# Most tests wait for processes, ptys and sockets: three at a time fit on two cores. A file's tests stay together.
PARALLEL := -n 3 --dist loadfile

.PHONY: run test quick lint bench vm reference lock clean
.DEFAULT_GOAL := run

run: $(STAMP)  ## a whole charge on the desk; ARGS="--once" ends after it
	@$(BIN)/python -m evsed desk $(ARGS)

test: $(STAMP)  ## every test; ARGS picks some
	$(BIN)/pytest $(PARALLEL) $(ARGS)

quick: $(STAMP)  ## what takes less than a minute
	$(BIN)/pytest $(PARALLEL) -m "not processes and not slow" $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)  ## measured figures; ARGS=pilot runs one group
	@$(BIN)/python -m evse_hil.bench $(ARGS)

vm:  ## drivers on a kernel's simulated GPIO, I2C, PWM and keyboard, in QEMU; Debian 12, root, a minute
	@hil/vm/run.sh $(ARGS)

reference: $(STAMP)  ## config/REFERENCE.md and config/FAULTS.md anew
	$(BIN)/python -m evsed reference > build/REFERENCE.md && mv build/REFERENCE.md config/REFERENCE.md
	$(BIN)/python -m evsed reference --faults > build/FAULTS.md && mv build/FAULTS.md config/FAULTS.md

lock:  ## newest allowed versions into the locks; needs uv
	printf 'hatchling\neditables\n' | uv pip compile pyproject.toml - --group dev $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra pi $(LOCK) -o requirements-pi.lock
	uv pip compile pyproject.toml --extra pi5 $(LOCK) -o requirements-pi5.lock

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet

$(STAMP): requirements.lock pyproject.toml
	@echo "make: installing into .venv, once" >&2
	@PYTHON="$(PYTHON)" sh .ci/venv.sh >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@mkdir -p build && touch $@
