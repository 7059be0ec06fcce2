# The front door. `make` builds, `make demo` shows it at work, `make test`
# runs every spec; `make help` lists the rest. Results are below build/.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
CHAOS_SECONDS ?= 600
SPECS ?= spec
BENCH ?=
GROWTH ?=
SYSTEMS ?=
HOSTILE = spec/embed_spec.lua spec/alloc_spec.lua spec/limits_spec.lua $(wildcard spec/hostile_*_spec.lua)

.DEFAULT_GOAL := all
.PHONY: all help demo test chaos hostile asan tsan valgrind fuzz lint format coverage bench \
	docs pictures install readme systems clean

all: ## build the library, optimised, in build/release
	@sh scripts/setup.sh build
	@sh scripts/build.sh release

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 18

demo: ## run examples/quickstart.lua against the sandbox
	@sh scripts/setup.sh demo
	@sh scripts/build.sh release
	@sh scripts/lua.sh release examples/quickstart.lua

test: ## build and run every spec (SPECS="spec/one_spec.lua …" for some)
	@sh scripts/test.sh $(SPECS)

chaos: ## random calls and failures for CHAOS_SECONDS (600), from a printed seed
	@sh scripts/setup.sh test
	@sh scripts/build.sh dev
	@CHAOS_SECONDS=$(CHAOS_SECONDS) sh scripts/chaos.sh

hostile: ## the specs of hostile scripts and servers, against an optimised build
	@sh scripts/setup.sh test
	@sh scripts/build.sh optimised
	@sh scripts/spec.sh optimised $(HOSTILE)

asan: ## the specs with AddressSanitizer, LeakSanitizer and UBSan
	@sh scripts/setup.sh test
	@sh scripts/build.sh asan
	@sh scripts/asan.sh $(SPECS)

tsan: ## the specs with ThreadSanitizer, but for those without threads
	@sh scripts/setup.sh test
	@sh scripts/build.sh tsan
	@sh scripts/tsan.sh $(SPECS)

valgrind: ## the specs of the C core under valgrind
	@sh scripts/setup.sh test valgrind
	@sh scripts/build.sh dev
	@sh scripts/valgrind.sh $(SPECS)

fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	@sh scripts/setup.sh fuzz
	@sh scripts/fuzz.sh $(FUZZ_SECONDS)

lint: ## compilers, clang-tidy, cppcheck, luacheck, clang-format
	@sh scripts/setup.sh lint
	@sh scripts/lint.sh

format: ## format the C and Lua sources in place
	@sh scripts/setup.sh lint
	@sh -c '. scripts/common.sh; is_judge_of_format || fail "clang-format $$FORMAT_VERSION is needed: others format otherwise"'
	@find csrc spec/c bench examples -name '*.[ch]' | xargs clang-format -i
	@find lua spec examples bench scripts -name '*.lua' | xargs sh scripts/lua.sh dev scripts/style.lua --fix

coverage: ## which lines and branches of csrc/ the specs reach
	@sh scripts/setup.sh test coverage
	@sh scripts/coverage.sh $(SPECS)

bench: ## measure against the peers (BENCH="--quick" and other options)
	@sh scripts/setup.sh bench
	@sh scripts/build.sh bench
	@test "$(GROWTH)" = only || sh scripts/lua.sh bench bench/run.lua --build build/bench $(BENCH)
	@sh scripts/lua.sh bench bench/growth.lua

docs: ## the reference and the guides as HTML, in docs/reference
	@sh scripts/setup.sh docs
	@sh scripts/docs.sh

pictures: ## the pictures of README.md, docs/images/*.svg
	@sh scripts/setup.sh demo
	@sh scripts/build.sh release
	@sh scripts/pictures.sh

install: ## install below PREFIX (/usr/local)
	@sh scripts/setup.sh build
	@sh scripts/build.sh release
	@sh -c '. scripts/common.sh; if have ldoc; then sh scripts/docs.sh; else \
	  say "left out: the reference, for LDoc is not there (make docs installs it)"; fi'
	@cmake --install build/release --prefix "$(PREFIX)"

readme: ## run the commands of README.md in a fresh copy of the last commit
	@sh scripts/setup.sh test
	@sh scripts/readme.sh

systems: ## make test on Debian 13 and unstable (as root; SYSTEMS="debian13")
	@sh scripts/systems.sh $(SYSTEMS)

clean: ## remove build/ and the generated reference
	@rm -rf build docs/reference
