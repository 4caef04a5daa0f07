# make run    the paper's suite without its slow part, its report, and what differs from the published record
# make test   lint, types, imports between rooms and the fast tests
# make slow   the tests marked slow
# make schema write suites/suite.schema.json again, after experiments or the format have changed
# make reference write docs/reference, and the tables in docs/suites.md and docs/findings.md, again
# make published  measure again each suite whose published record is out of date, and draw what follows from it;
#             SUITE=depth does so for one suite alone; CHECK=--check lists what is out of date
# make docs   build the docs site into site/, from what is here: nothing is taken from the network
# make mutants  break the code on purpose, and see what notices
# make pins   compile requirements.txt and docs/requirements.txt again, with what is pinned where that still fits;
#             UPGRADE=--upgrade takes the newest of all, UPGRADE="--upgrade-package jax" of one
# Each sets up .venv first; PYTHON names the interpreter to make it from.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DOCS := .venv/.docs

.PHONY: run test fast slow lint style types schema reference published docs mutants pins clean

run: $(READY)
	@$(BIN)/harness run suites/issues.toml -m "not slow" --against reports/published/issues.json \
	  --json reports/issues.json --markdown reports/issues.md; \
	code=$$?; \
	if [ $$code -gt 1 ]; then exit $$code; fi; \
	if [ $$code -eq 1 ]; then \
	  echo "Some claims did not come out as published: that is a finding, and the lines above name them."; \
	fi; \
	test -s reports/issues.json && test -s reports/issues.md

lint: style types

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python docs/blocks.py --total

types: $(READY)
	$(BIN)/mypy

# mypy keeps one core busy in a fresh clone: it runs beside the tests, which leave cores idle while they wait.
test: style
	@$(MAKE) --no-print-directory --jobs=2 types fast

fast: $(READY)
	$(BIN)/pytest -n auto -m "not slow"

slow: $(READY) $(DOCS)
	$(BIN)/pytest -n auto -m slow

published: $(READY)
	$(BIN)/python docs/published.py $(CHECK) $(SUITE)

docs: $(READY) $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@$(BIN)/python docs/blocks.py
	@echo "The site is in site/: open site/index.html"

mutants: $(READY)
	$(BIN)/python tests/mutants.py

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  v >= (3, 11) or sys.exit(f"expected Python 3.11 or newer, found {v[0]}.{v[1]}: set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# What `make docs` and the slow tests of the site need beside that.
$(DOCS): $(READY) docs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r docs/requirements.txt
	@touch $(DOCS)

schema: $(READY)
	$(BIN)/harness schema > .venv/suite.schema.json
	mv .venv/suite.schema.json suites/suite.schema.json

reference: $(READY)
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/predicates.py
	$(BIN)/python docs/state.py
	$(BIN)/python docs/chapters.py
	$(BIN)/python docs/predicted.py
	$(BIN)/python docs/expectations.py

pins: $(READY)
	printf '%s ; python_version < "3"\n' tensorflow tf2jax playwright > .venv/without.txt
	$(BIN)/uv pip compile pyproject.toml --extra ntk --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --override .venv/without.txt \
	  --quiet $(UPGRADE) --output-file requirements.txt
	$(BIN)/uv pip compile --group docs --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --override .venv/without.txt --constraint requirements.txt \
	  --quiet $(UPGRADE) --output-file docs/requirements.txt

clean:
	rm -rf .venv .harness site
