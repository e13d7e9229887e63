# Everything that people and CI run. Needs python3 (3.11 or newer), pip and make, nothing else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

# Where Python is told to keep no bytecode, each test process would compile everything anew: half of all time.
unexport PYTHONDONTWRITEBYTECODE

# Each worker takes tests of a file one after the other, which share servers; one that is done takes from the rest.
WORKERS := -n auto --dist worksteal

.PHONY: demo examples example-environments test test-fast cov check lint format mutation bench soak team-writes generate \
	documentation pictures site constraints test-lowest bundle package panel panel-test conformance clean

demo: $(VENV)/.ready
	@$(RUN)/docreview-mcp demo

# The programs in examples/, each with its framework in an environment of its own.
EXAMPLES := $(patsubst examples/requirements/%.txt,.venv-examples/%/.ready,$(wildcard examples/requirements/*.txt))

examples: $(VENV)/.ready example-environments
	$(RUN)/pytest -n auto tests/examples

example-environments: $(EXAMPLES)

.venv-examples/%/.ready: examples/requirements/%.txt
	$(PYTHON) -m venv --clear .venv-examples/$*
	.venv-examples/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

test: $(VENV)/.ready
	$(RUN)/pytest $(WORKERS)

# Without the tests that start processes or databases, walk every operation through a client, or work on much.
test-fast: $(VENV)/.ready
	$(RUN)/pytest $(WORKERS) -m "not slow"

# Which branches the tests take, in the processes that they start too. The table of what is wanted is in the script.
cov: $(VENV)/.ready
	rm -f .coverage .coverage.*
	DOCREVIEW_TESTS=full $(RUN)/coverage run -m pytest $(WORKERS)
	$(RUN)/coverage combine --quiet
	$(RUN)/python -m scripts.coverage_gate

# What could be broken with the tests of the guards still green. The table of files and tests is in the script;
# for some of them: make mutation FILES="tools/guards/agreement.py tools/guards/limits.py"
mutation: $(VENV)/.ready
	$(RUN)/pip install --quiet "mutmut>=3.8,<4"
	nice -n 19 $(RUN)/python -m scripts.mutation $(FILES)

check: lint test

lint: $(VENV)/.ready
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/pyright --project pyproject.toml
	$(RUN)/pyright --project pyrightconfig.tests.json
	$(RUN)/python -m scripts.generate --check

format: $(VENV)/.ready
	$(RUN)/ruff format .
	$(RUN)/ruff check --fix .

generate: $(VENV)/.ready
	$(RUN)/python -m scripts.generate

# The pages with calls and answers, recorded on the sandbox. Takes about a minute.
documentation: $(VENV)/.ready
	$(RUN)/python -m scripts.documentation
	$(RUN)/python -m scripts.generate

# Every picture and recording of the documentation. Needs Node and Debian's package chromium; installs three hosts in .hosts/.
pictures: $(VENV)/.ready panel/node_modules/.ready .hosts/.ready
	$(RUN)/python -m scripts.pictures

.hosts/.ready: scripts/pictures/hosts/package.json
	mkdir -p .hosts
	cp scripts/pictures/hosts/package.json .hosts/
	npm --prefix .hosts install --no-audit --no-fund --loglevel=error
	@touch $@

# The documentation site, in site/. It has an environment of its own, with pinned versions.
site: .venv-site/.ready
	.venv-site/bin/zensical build --clean --strict

.venv-site/.ready: scripts/documentation/site.txt
	$(PYTHON) -m venv --clear .venv-site
	.venv-site/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

bench: $(VENV)/.ready
	$(RUN)/python -m bench.run

# Two servers behind nginx, with Redis and PostgreSQL (Debian's packages nginx, redis-server, postgresql), under
# load while servers are killed and databases restart. SECONDS=120 does each fault once; CLIENTS=40 for less load.
SECONDS ?= 600
CLIENTS ?= 200
soak: $(VENV)/.ready
	$(RUN)/python -m bench.soak --seconds $(SECONDS) --clients $(CLIENTS)

# The same servers without faults, under as many writes as they can take.
team-writes: $(VENV)/.ready
	$(RUN)/python -m bench.soak --seconds 30 --clients 100 --pause 0 --writes 0.9 --calm

# The pinned versions with their hashes, for Python 3.11 and newer on any platform.
constraints: $(VENV)/.ready
	$(RUN)/pip install --quiet pip-tools
	$(RUN)/pip-compile --quiet --strip-extras --extra dev --generate-hashes --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate --upgrade \
		--output-file constraints.txt pyproject.toml
	$(RUN)/pip-compile --quiet --strip-extras --extra postgresql --extra redis --extra telemetry --generate-hashes \
		--allow-unsafe --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate \
		--constraint constraints.txt --output-file deploy/requirements.txt pyproject.toml

# The tests once more with the oldest versions that pyproject.toml allows.
test-lowest:
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --upgrade pip
	.venv-lowest/bin/python scripts/lowest_versions.py > .venv-lowest/lowest.txt
	.venv-lowest/bin/pip install --quiet --constraint .venv-lowest/lowest.txt --editable ".[dev]"
	.venv-lowest/bin/pytest -n auto

# The bundle for Claude Desktop, in dist/. With node, `npx @anthropic-ai/mcpb validate manifest.json` checks it too.
bundle: generate
	$(RUN)/python -m scripts.bundle

# The wheel and the sdist, checked and installed with each extra into an empty environment. Needs a package index.
package: $(VENV)/.ready
	$(RUN)/pip install --quiet build twine
	mkdir -p dist
	$(RUN)/python -m scripts.package
	@# What building leaves here would be taken for what is installed.
	rm -rf docreview_mcp.egg-info

# The review panel's page, generated into server/panel/review.html. Needs Node 20.19 or newer.
panel: panel/node_modules/.ready
	cd panel && npm run --silent check && npm run --silent build

# The page in a real browser (Debian's package chromium).
panel-test: panel/node_modules/.ready $(VENV)/.ready
	cd panel && npm run --silent check && node --test --test-reporter=spec test/*.test.mjs

panel/node_modules/.ready: panel/package.json panel/package-lock.json
	cd panel && npm ci --silent
	@touch $@

# The official conformance suite against the server over HTTP. Needs npm, which fetches the Node that the suite wants.
conformance: $(VENV)/.ready .conformance/.ready
	$(RUN)/python -m scripts.conformance

.conformance/.ready: tests/conformance/package.json
	mkdir -p .conformance
	cp tests/conformance/package.json .conformance/
	npm --prefix .conformance install --no-audit --no-fund --loglevel=error
	@touch $@

clean:
	rm -rf .conformance .hosts panel/node_modules .coverage .coverage.* .mutation site $(VENV) .venv-lowest .venv-site .venv-bench \
		.venv-examples build dist *.egg-info

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "docreview needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	$(RUN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# Editors and type checkers find the four folders under their installed names here.
	mkdir -p $(VENV)/editor/docreview_mcp
	for name in schemas tools server sandbox; do ln -sfn ../../../$$name $(VENV)/editor/docreview_mcp/$$name; done
	@touch $@
