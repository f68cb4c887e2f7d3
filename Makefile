# paspeaker: `make run` shows it, `make test` proves it, `make help` lists the rest.

GO          ?= go
VERSION     := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     := -s -w -X main.version=$(VERSION)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
ARCHES      := amd64 arm64 arm

export CGO_ENABLED ?= 0

.PHONY: help run demo test test-unit test-race test-integration build build-all check bench bench-quick bench-peers soak fuzz sounds setup-run setup-test clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup-run build ## set up, then the demonstration: two slogans and a drill on loopback, a WAV per loudspeaker in out/
	bin/paspeaker demo --out out

demo: build ## the demonstration, without the set-up
	bin/paspeaker demo --out out

test: setup-test check test-unit test-race test-integration ## set up, then all checks and tests
	@! cat out/again-* 2>/dev/null | grep . || echo "(these passed in a second run)"

# Each room is tested once: those with goroutines under the race detector. (The
# detector's shadow memory is too much for the limits of ingest's child, so that
# ingest is tested without it, too.) What takes a day of packets, a month of
# campaigns or ten thousand broken files, and what measures sound, has one
# goroutine: the detector would only make it ten times as slow. The longest come
# first.
LONG := TestADayOf(Packets|Sequence|Clock)|TestTenThousandBroken|TestAHealthyDayHasNoFault|TestAMonthIsPlayed$(strip \
	)|TestALiveQueueFollows|TestFineBlocks|TestShortReads|TestEveryBlockOfACaller|TestAMicrophoneWaits|TestAnUnpunctual$(strip \
	)|TestSmallAndLargeErrors|TestTwoLoudspeakersAgree|TestBadRecordings|TestGoodRecordings|TestTheNoiseIsMeasured$(strip \
	)|TestATextIs|TestSeveralPartsAre|TestSilenceIsCut|TestWhenNothingSpeaks

test-unit: ## the tests of the rooms without goroutines, and the long ones
	.ci/twice unit $(GO) test -timeout 10m $$($(GO) list ./... | grep -vE '^pa/(integration|paspeaker|audio/(wire|playout|source)$$)')
	$(GO) test -timeout 10m -run '$(LONG)' ./audio/wire ./audio/playout ./audio/source ./paspeaker/controller

test-race: ## the tests of the rooms with goroutines, under the race detector (needs gcc)
	CGO_ENABLED=1 .ci/twice race $(GO) test -race -timeout 10m -skip '$(LONG)' ./paspeaker/controller ./audio/ingest ./paspeaker/... ./audio/wire ./audio/playout ./audio/source

test-integration: build ## real binaries, NATS, multicast, sound card, full disks and ears (as root)
	.ci/twice integration $(GO) test -timeout 12m -count=1 -parallel 4 ./integration/...

build: ## the three programs, in bin/
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

# Debian's 32-bit ARM has its loader under another name than Go's default; the
# flag lets oto load libasound there.
build-all: ## the three programs for amd64, arm64 and arm, in bin/<arch>/
	@for a in $(ARCHES); do mkdir -p bin/$$a; extra=; [ $$a = arm ] && extra='-I /lib/ld-linux-armhf.so.3'; \
		echo "building for $$a"; \
		GOOS=linux GOARCH=$$a $(GO) build -trimpath -ldflags "$(LDFLAGS) $$extra" -o bin/$$a/ ./cmd/... || exit 1; done

check: ## gofmt, vet, staticcheck, and the site file
	@out=$$(gofmt -l audio cmd integration paspeaker); [ -z "$$out" ] || { echo "gofmt these: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run ./cmd/paspeaker check zones.yaml

bench: build ## measure; prints tables and writes out/bench.json (one alone: go run ./integration/bench -only NAME; -list)
	$(GO) run ./integration/bench -bin bin -out out/bench.json

bench-quick: build ## the same within 45 seconds
	$(GO) run ./integration/bench -bin bin -out out/bench.json -quick

bench-peers: build ## beside snapcast, GStreamer, ffmpeg, trx and PulseAudio (sets them up; as root)
	@.ci/setup peers
	$(GO) run ./integration/bench -bin bin -out out/bench.json -only peers

soak: build ## 20 minutes on air with a busy API: heap and goroutines stay flat
	$(GO) run ./integration/bench -bin bin -out out/bench.json -only soak

fuzz: ## every fuzz target for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
			echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$pkg || exit 1; done; done

sounds: ## make the shipped recordings again (needs espeak-ng, sox, opus-tools)
	cd cmd/paspeakerd/sounds && ./make.sh

setup-run:
	@.ci/setup run

setup-test:
	@.ci/setup test

clean: ## remove what was built and recorded
	rm -rf bin out
