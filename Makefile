# Everything CI runs, you can run. `make check` is the whole gate, quickest first.
.DEFAULT_GOAL := help
SHELL   := bash
.SHELLFLAGS := -eu -o pipefail -c
TOOL    := go tool -modfile=scripts/tools/go.mod
PKGS    ?= ./...
RUN     ?= .
BENCH   ?= .
COUNT   ?= 10
FUZZTIME ?= 10s
DATA    ?= ../shared/data
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: help
help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

.PHONY: check
check: fmt-check lint fix-check test configs ## the whole gate, in order of speed

.PHONY: build
build: ## one static binary in ./bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/leakytap

.PHONY: demo
demo: ## the whole daemon against local stand-ins
	go run ./cmd/leakytap demo

.PHONY: day
day: ## an invented day with an outage and a brigade: docs/performance.md
	go test -run xxx -bench ReplayedDay -benchtime 1x -timeout 30m ./internal/app

.PHONY: test
test: ## all tests with the race detector (needs a C compiler)
	go test -race -shuffle=on -run '$(RUN)' $(PKGS)

.PHONY: fmt
fmt: ## gofumpt and goimports
	$(TOOL) golangci-lint fmt

.PHONY: fmt-check
fmt-check: ## refuse unformatted code
	@out=$$($(TOOL) golangci-lint fmt --diff); [ -z "$$out" ] || { printf '%s\n' "$$out" >&2; exit 1; }

.PHONY: lint
lint: ## golangci-lint: style, bugs and the import table; go vet is part of it
	$(TOOL) golangci-lint run

.PHONY: fix
fix: ## modernize
	go fix $(PKGS)

.PHONY: fix-check
fix-check: ## refuse what go fix or go mod tidy would change
	go fix -diff $(PKGS)
	go mod tidy -diff

.PHONY: golden
golden: ## rewrite golden files, then look at git diff
	UPDATE_GOLDEN=1 go test $(PKGS) -run Golden -count=1

.PHONY: fuzz
fuzz: ## every Fuzz target for FUZZTIME each
	@for pkg in $$(go list $(PKGS)); do \
	  for t in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$t"; go test $$pkg -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME); done; done

.PHONY: bench
bench: ## benchmarks, COUNT samples each, into bench/new.txt
	@mkdir -p bench; go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKGS) | tee bench/new.txt

.PHONY: bench-diff
bench-diff: ## compare bench/new.txt with bench/base.txt
	$(TOOL) benchstat bench/base.txt bench/new.txt

.PHONY: backtest-figures
backtest-figures: ## how long a backtest of POSTS stored posts takes, and what it holds in memory
	LEAKYTAP_FIGURES=$(or $(POSTS),10000) go test -count=1 -timeout 3h -run BacktestFigures -v ./internal/tune

.PHONY: backtest-exact
backtest-exact: ## 100,000 posts decided live and again, with everything that moves meanwhile
	LEAKYTAP_BACKTEST_POSTS=100000 go test -count=1 -timeout 3h -run Unchanged -v ./internal/tune

.PHONY: cover
cover: ## coverage by function
	go test -coverpkg=./... -coverprofile=cover.out $(PKGS) && go tool cover -func=cover.out | tail -1

.PHONY: vuln
vuln: ## known vulnerabilities (needs the vulnerability database)
	$(TOOL) govulncheck $(PKGS)

# What needs a real part of the outside: a skip is an error here.
.PHONY: test-real
test-real: test-kafka test-prometheus test-browser ## everything that skips without a real Kafka, Prometheus or Chromium

.PHONY: test-kafka
test-kafka: ## the bus suite and the whole daemon on a real Apache Kafka (Java 17, Maven)
	scripts/kafka/kafka run -- scripts/real.sh -run Kafka ./internal/bus/kafka/ ./cmd/leakytap/

.PHONY: test-prometheus
test-prometheus: ## every dashboard query and alert rule on a real Prometheus
	scripts/real.sh -run Prometheus ./deployments/

.PHONY: test-browser
test-browser: ## the inbox in a real Chromium
	scripts/real.sh -run Browser ./internal/web/

.PHONY: configs
configs: build ## every shipped config must load
	SLACK_TOKEN=xoxb-check LEAKYTAP_TOKEN=check-check-check-check bin/leakytap config check \
	  configs/*.yaml configs/brands/*.yaml deployments/compose/leakytap.yaml

.PHONY: model
model: build ## rebuild the shipped model from the public sets in DATA and our own posts, byte for byte
	bin/leakytap train --json --name 2026-11-24c --data "$(DATA)" --data pkg/vent/testdata/challenge_write.jsonl --data pkg/vent/testdata/invented --out pkg/vent/model.bin

.PHONY: bench-scorer
bench-scorer: ## the scorer's first opinion beside govader, in one run, and on one core and two
	cd scripts/bench-scorer && go test -count=1 -v -run 'TestBesideGovader|TestTwoCores' .

.PHONY: encoder
encoder: ## fine-tune the second opinion's encoder on the public sets in DATA (over an hour; Python: scripts/encoder/run.sh)
	scripts/encoder/run.sh "$(DATA)"

.PHONY: crash
crash: ## kill -9 at KILLS random moments (default 100) under Slack's faults, then under everybody's with people clicking; SEED repeats a run
	KILLS=$${KILLS:-100} POSTS=$${POSTS:-1000} go test -count=1 -timeout 60m -run TestCrash -v ./cmd/leakytap/

.PHONY: storm
storm: ## 200 changes of the config's files in a minute, a third of them broken, while posts flow
	LEAKYTAP_STORM=full go test -count=1 -timeout 20m -run TestReloadStorm -v ./internal/app
