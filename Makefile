.DEFAULT_GOAL := help
.PHONY: help run test soak fuzz cgroup2 check format bench clean

INSTALLED_FROM := pyproject.toml constraints.txt
QUEUES := redis mysql postgresql

# Where it is set, as in many images of containers, every start of a program would compile all of engineroom anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## show this list
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: .venv/.installed ## install, then start the demo on 127.0.0.1:8787, or BIND=HOST:PORT (Ctrl-C stops all of it)
	.venv/bin/engineroom demo $(if $(BIND),--bind $(BIND))

test: .venv/.installed-dev ## install what the tests need, then check and run all tests
	scripts/install-test-packages.sh
	scripts/install-node-packages.sh
	$(MAKE) --no-print-directory check
	scripts/test.sh

soak: .venv/.installed-dev ## kill, hang, rob, fill and lock everything and set its clock at random for an hour, with a new seed each time
	scripts/install-test-packages.sh
	scripts/soak.sh

fuzz: .venv/.installed-dev ## ask what is made up from the OpenAPI document for some minutes, with a new seed each time
	ENGINEROOM_FUZZ_SECONDS=240 ENGINEROOM_FUZZ_SEED=$$(date +%s) scripts/test.sh tests/fuzz

cgroup2: .venv/.installed-dev ## run the keeper's tests under a kernel with cgroups of version 2 alone (emulated: minutes)
	scripts/cgroup2.sh

check: .venv/.installed-dev ## formatting, lint, types, import rules, documents that agree with the code
	scripts/check.sh

format: .venv/.installed-dev ## format the code and sort its imports
	.venv/bin/ruff check --quiet --fix --exit-zero .
	.venv/bin/ruff format .

bench: .venv/.installed-bench ## measure, beside peers doing the same, and print a table
	scripts/install-bench-packages.sh
	.venv/bin/python -m benchmarks

clean: ## remove the virtual environment and every cache
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist examples/bullmq/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: $(INSTALLED_FROM)
	scripts/install.sh $(QUEUES)
	@touch $@

.venv/.installed-dev: $(INSTALLED_FROM)
	scripts/install.sh dev
	@touch $@ .venv/.installed

.venv/.installed-bench: $(INSTALLED_FROM)
	scripts/install.sh bench
	@touch $@ .venv/.installed
