# Chartside. `make run` and `make test` set up everything they need; see README.md.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGE := appliance/kiosk/page/index.html
export CHARTSIDE_BUNDLE ?= $(CURDIR)/build/bundles/default
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.PHONY: run
run: setup page models ## Start the services and open the page
	chartside run

.PHONY: demo
demo: setup-test models ## Take a recorded visit through the services, in the terminal
	python bench/demo.py

.PHONY: test
test: setup-test page models ## Run all tests
	scripts/system-packages.sh chromium=chromium certutil=libnss3-tools mcopy=mtools
	pytest
	cd web && npm test --silent

.PHONY: check
check: setup-test page ## Lint, types, stale docs
	ruff check .
	ruff format --check .
	mypy
	python docs/generate.py --check
	cd web && npm run --silent check

.PHONY: bench
bench: setup-test page models build/llama-cpp.stamp ## Compare with llama.cpp and plain faster-whisper
	python bench/bench.py

.PHONY: train-test
train-test: setup-train models ## Run the tests that need torch
	pytest $$(grep -lr 'importorskip("torch"' tests)

.PHONY: train-smoke
train-smoke: setup-train ## Run every training step on a tiny configuration (5 minutes)
	python scripts/train_smoke.py

.PHONY: score
score: setup ## Print the score card of the default note model
	chartside-train score

.PHONY: trust
trust: setup-test models ## Measure grounding, evidence and omissions on synthetic visits
	chartside-train trust

.PHONY: connect-test
connect-test: setup-test page models build/openvino.stamp build/sslyze.stamp ## Onboard a tablet over TLS; choose among execution providers
	scripts/system-packages.sh chromium=chromium certutil=libnss3-tools mcopy=mtools
	pytest tests/connect
	python scripts/connect_test.py

.PHONY: browser-test
browser-test: setup-test page models ## Run the note engine in a real Chromium, against the box
	scripts/system-packages.sh chromium=chromium
	python scripts/browser_test.py

.PHONY: browser-bench
browser-bench: setup-test page models build/browser-peers.stamp ## Compare the page's note engine with transformers.js and wllama
	scripts/system-packages.sh chromium=chromium
	python bench/browser/measure.py

PROFILE ?= cpu
ARCH ?= x86-64
IMAGE_DIR = $${CHARTSIDE_IMAGE_DIR:-build/image}
.PHONY: image image-keys image-reproduce verify-release image-test image-test-arm64 image-test-display image-test-full
image: setup-test page models ## Build the OS image (PROFILE=cpu ARCH=x86-64)
	image/build.sh $(PROFILE) $(ARCH)

image-keys: ## Make a vendor's signing keys in the directory KEYS (TOKEN=pkcs11:token=NAME for a token)
	@test -n "$(KEYS)" || { echo "Say where: make image-keys KEYS=DIRECTORY" >&2; exit 2; }
	image/keys.sh $(KEYS) '$(TOKEN)'

image-reproduce: setup-test ## Build the image again from clean caches and compare the root hash
	image/reproduce.sh $(PROFILE) $(ARCH)

verify-release: setup-test ## Check the release in the folder RELEASE against the public update keys in the directory KEYS
	@test -n "$(RELEASE)" -a -n "$(KEYS)" || { echo "Say which: make verify-release RELEASE=FOLDER KEYS=DIRECTORY" >&2; exit 2; }
	@python image/release.py verify $(RELEASE) --keys $(KEYS)

image-test: setup-test models ## Boot the built image in a container and send a visit through it
	CHARTSIDE_TEST_IMAGE=$(IMAGE_DIR) pytest -s tests/image
	@cat $(IMAGE_DIR)/output/image-test.txt

image-test-arm64: setup-test ## Boot an image that was built with ARCH=arm64, in QEMU
	CHARTSIDE_TEST_ARM64=$(IMAGE_DIR) pytest -s tests/image/test_image_arm64.py

image-test-display: setup-test ## Boot an image that was built with CHARTSIDE_DISPLAY=yes, in QEMU, and look at its display
	CHARTSIDE_TEST_DISPLAY=$(IMAGE_DIR) pytest -s tests/image/test_image_display.py

image-test-full: setup-test ## Boot it in QEMU: updates, attacks, power cuts, rollbacks, factory reset (an hour)
	CHARTSIDE_TEST_FULL=$(IMAGE_DIR) pytest -s -x tests/image/test_image_update.py tests/image/test_image_secure_boot.py tests/image/test_image_without_tpm.py tests/image/test_image_full.py
	@cat $(IMAGE_DIR)/output/image-test-full.txt

.PHONY: docs
docs: setup-test ## Write the generated reference pages again
	python docs/generate.py

.PHONY: screenshots
screenshots: setup-test page models ## Take the pictures in the docs again
	scripts/system-packages.sh chromium=chromium
	python docs/screenshots.py

.PHONY: lock
lock: ## Write the lock files again, with newer versions
	scripts/lock.sh

.PHONY: clean
clean: ## Delete everything that was built
	rm -rf build $(VENV) appliance/kiosk/page web/node_modules web/public/assets web/.env.local chartside.egg-info

# ---- what the targets above stand on ------------------------------------------------------------------------------------

.PHONY: setup setup-test setup-train page models
setup: build/runtime.stamp
setup-test: build/test.stamp
setup-train: build/train.stamp
page: $(PAGE)
models: setup
	@chartside models build

$(BIN)/python:
	@$(PYTHON) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Chartside needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

build/runtime.stamp: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@mkdir -p build
	$(BIN)/pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

build/test.stamp: requirements/test.txt build/runtime.stamp
	$(BIN)/pip install --quiet --require-hashes -r requirements/test.txt
	@touch $@

# A checker of TLS that wants another version of cryptography.
build/sslyze.stamp: requirements/sslyze.txt build/runtime.stamp
	$(PYTHON) -m venv build/sslyze
	build/sslyze/bin/pip install --quiet --require-hashes -r $<
	@touch $@

# An environment of its own: OpenVINO's build of ONNX Runtime and the plain one exclude each other.
build/openvino.stamp: requirements/openvino.txt build/runtime.stamp
	$(PYTHON) -m venv build/openvino
	build/openvino/bin/pip install --quiet --no-deps --require-hashes -r $<
	build/openvino/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# torch has no hash here: which of its builds fits, CPU or CUDA, is the machine's affair. One that is installed already stays.
build/train.stamp: requirements/train.txt build/test.stamp
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install --quiet 'torch==2.13.0'
	$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/train.txt
	@touch $@

# Node 20 or newer: the system's where it has one, else from PyPI.
build/node.stamp: requirements/node.txt build/runtime.stamp
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 || \
	  $(BIN)/pip install --quiet --require-hashes -r requirements/node.txt
	@touch $@

build/page.stamp: web/package.json web/package-lock.json build/node.stamp
	cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The page's own copy of the note service's rules, and the WebAssembly runtimes.
build/device.stamp: build/page.stamp scripts/device_files.py scripts/gpu_check.py requirements/runtime.txt $(shell find appliance -path appliance/kiosk -prune -o -type f -not -name '*.pyc' -print)
	python scripts/device_files.py
	@touch $@

$(PAGE): build/device.stamp scripts/precache.py $(shell find web -name node_modules -prune -o -type f -newer web/package.json -print -o -path 'web/src/*' -type f -print 2>/dev/null)
	cd web && npm run --silent build
	python scripts/precache.py

# The peers of `make browser-bench`; see below for `npm install`.
build/browser-peers.stamp: bench/browser/package.json bench/browser/package-lock.json build/node.stamp
	cd bench/browser && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The peer of `make bench`: llama.cpp as node-llama-cpp's prebuilt binary. `npm ci` refuses a lock file without the packages of
# systems that the registry at hand does not carry; `npm install` takes the locked ones and checks their hashes all the same.
build/llama-cpp.stamp: bench/package.json bench/package-lock.json build/node.stamp
	cd bench && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
