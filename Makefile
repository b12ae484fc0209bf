# make demo | lab | test | lint | bench | screenshots | translations | format | clean
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
DEMO ?= $(CURDIR)/.demo
RERUNS ?= 0
WORKERS ?= 2
PYTEST_ARGS ?=

export UV_PYTHON_DOWNLOADS := never
export JUPYTER_COMPUTE_REQUIRE ?= chromium,docker,git,hdfs,livy,mpirun,netns,node,podman,ray,slurm,spark,sshd,uv,yarn
UV := $(BIN)/uv
EXTENSION := jupyter_compute/labextension/package.json
EXTENSION_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f) \
  $(addprefix labextension/,package.json tsconfig.json yarn.lock)

.PHONY: help demo lab test lint bench screenshots translations format clean browser engines
help:
	@echo 'make demo    run the quickstart notebook and show its runs'
	@echo 'make lab     open JupyterLab on the examples'
	@echo 'make test    install what the tests need and run them all'
	@echo 'make lint    ruff, mypy, import-linter, prettier, tsc'
	@echo 'make bench   figures beside peers and limits, one JSON line each'
	@echo 'make screenshots, make translations   what docs/pictures and jupyter_compute/locale hold'

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "$(PYTHON) is older than 3.10: make $(MAKECMDGOALS) PYTHON=/path/to/python3.10"; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || \
	  { echo 'Node 20 or newer must be on PATH: it builds the JupyterLab extension'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	touch $@

$(VENV)/.builder: $(VENV)/.created
	$(UV) pip install --quiet --python $(BIN)/python jupyter-builder hatchling hatch-jupyter-builder editables
	touch $@

labextension/node_modules/.installed: labextension/package.json labextension/yarn.lock | $(VENV)/.builder
	cd labextension && $(BIN)/jlpm install --immutable
	touch $@

$(EXTENSION): $(EXTENSION_SOURCES) labextension/node_modules/.installed | $(VENV)/.builder
	cd labextension && PATH="$(BIN):$$PATH" $(BIN)/jlpm build:prod
	touch $@

# One stamp for each set of extras; the built front end is copied at install time, so it comes first.
$(VENV)/.with-%: pyproject.toml $(EXTENSION) jupyter-config/server-config/jupyter_compute.json
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 $(UV) pip install --quiet --python $(BIN)/python --no-build-isolation-package jupyter_compute -e '.[$*]'
	touch $@

demo: $(VENV)/.with-examples
	@DEMO="$(DEMO)" BIN="$(BIN)" bash examples/demo.sh

lab: $(VENV)/.with-examples
	cd examples && PATH="$(BIN):$$PATH" $(BIN)/jupyter lab

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  { as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update -qq && $$as_root apt-get install -y -qq chromium; } || \
	  { echo 'Chromium could not be installed; the browser tests need it'; exit 1; }

.engines/ray/.made: | $(VENV)/.created
	rm -rf .engines/ray
	$(UV) venv --quiet --python $(BIN)/python .engines/ray
	$(UV) pip install --quiet --python .engines/ray/bin/python 'ray[default]' uv
	touch $@

# What a remote machine of the tests is made of. Its namespaces need root.
ENGINES := openssh-server openssh-client iproute2 util-linux busybox fish tcsh zsh libpam-oath \
  libfaketime docker.io podman runc openmpi-bin \
  slurmctld slurmd slurmdbd slurm-client slurm-wlm-basic-plugins slurm-wlm-mysql-plugin munge mariadb-server \
  openjdk-17-jre-headless
SPARK := 4.3.0
engines: .engines/ray/.made .engines/spark/.made-$(SPARK) .engines/yarn/.made .engines/livy/.made .engines/hdfs/.made
	@missing=; for name in $(ENGINES); do \
	    dpkg-query -W -f '$${Status}' "$$name" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$name"; \
	  done; \
	  [ -z "$$missing" ] || { as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends $$missing; } || \
	  { echo "Could not be installed, and the tests need them:$$missing"; exit 1; }

# Spark of its own, beside what a notebook needs to run on it.
.engines/spark/.made-$(SPARK): | $(VENV)/.created
	rm -rf .engines/spark
	$(UV) venv --quiet --python $(BIN)/python .engines/spark
	$(UV) pip install --quiet --python .engines/spark/bin/python pyspark==$(SPARK) ipykernel nbclient
	touch $@

# The newest Livy that a registry of packages has, and Hadoop's file system; Spark is the one above.
.engines/livy/.made: MAIN := org.apache.livy.server.LivyServer
.engines/hdfs/.made: MAIN := org.apache.hadoop.test.MiniDFSClusterManager
.engines/%/.made: tests/clusters/%-pom.xml
	@command -v mvn >/dev/null || { as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	    $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends maven; }
	rm -rf .engines/$*
	mvn --batch-mode --quiet -Dstyle.color=never --file $< \
	  dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/.engines/$*/jars
	printf '#!/bin/sh\nexec java $$JAVA_OPTIONS -cp "$$CONF:$(CURDIR)/.engines/$*/jars/*" $(MAIN) "$$@"\n' \
	  > .engines/$*/start
	chmod +x .engines/$*/start
	touch $@

test: $(VENV)/.with-test $(VENV)/.with-examples browser engines
	cd labextension && PATH="$(BIN):$$PATH" $(BIN)/jlpm test
	PATH="$(BIN):$$PATH" $(BIN)/python -m pytest --reruns $(RERUNS) \
	  --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/.with-test $(VENV)/.with-lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy examples/custom_driver
	PATH="$(BIN):$$PATH" $(BIN)/lint-imports
	cd labextension && PATH="$(BIN):$$PATH" $(BIN)/jlpm lint

bench: $(VENV)/.with-test $(VENV)/.with-bench engines
	$(BIN)/python -m benchmarks --peers $(BIN)/python

screenshots: $(VENV)/.with-test $(VENV)/.with-examples browser
	PATH="$(BIN):$$PATH" $(BIN)/python -m pytest -m long tests/ui/test_screenshots.py

translations: $(VENV)/.with-test
	PATH="$(BIN):$$PATH" $(BIN)/python tests/catalogs.py

format: $(VENV)/.with-lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd labextension && PATH="$(BIN):$$PATH" $(BIN)/jlpm format

clean:
	rm -rf $(VENV) $(DEMO) .engines labextension/node_modules labextension/lib jupyter_compute/labextension
