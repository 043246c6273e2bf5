# Two commands are enough: `make run` and `make test`. The rest is for those who change the code.
.PHONY: run test check lint bench docs setup

run: ## the demo school, on this machine
	@bin/setup
	@.venv/bin/cpoms demo

test: ## everything that continuous integration checks
	@bin/setup --with-tests
	@bin/test

check: ## the quick half: style, types, unit tests
	@bin/setup
	@bin/lint
	@.venv/bin/python -m pytest -q -m "not slow and not browser" tests/unit

lint: ## style, types, imports
	@bin/setup
	@bin/lint

bench: ## how fast each part is beside the least it could take
	@bin/setup --with-tests
	@.venv/bin/python -m tests.bench

docs: ## the handbook, into var/docs
	@bin/setup
	@.venv/bin/python -m sphinx -W --keep-going -b html docs var/docs

setup: ## what the others begin with
	@bin/setup --with-tests
