# The architecture: which object goes into which program, and which library each links.
# Variables: CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR PKG_CONFIG, and B, the folder of
# objects (make B=.build/asan CFLAGS="-g -O1 -fsanitize=address" keeps a second build beside the first).

CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O2 -g
PREFIX   ?= /usr/local
PKG_CONFIG ?= pkg-config
B        ?= .build

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wpointer-arith -Wwrite-strings
C_ONLY   := -std=c11 -Wstrict-prototypes -Wmissing-prototypes
DEFS     := -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -I.

MSGPACK  := $(shell $(PKG_CONFIG) --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
ZMQ_LIBS  = $(shell $(PKG_CONFIG) --libs libzmq)
MSGPACK_LIBS = $(shell $(PKG_CONFIG) --libs $(MSGPACK))
CURL_LIBS = $(shell $(PKG_CONFIG) --libs libcurl)
PQ_LIBS   = $(shell $(PKG_CONFIG) --libs libpq)
JSON_LIBS = $(shell $(PKG_CONFIG) --libs simdjson)
NETTLE_LIBS = $(shell $(PKG_CONFIG) --libs nettle)
MHD_LIBS  = $(shell $(PKG_CONFIG) --libs libmicrohttpd)
JANSSON_LIBS = $(shell $(PKG_CONFIG) --libs jansson)
DEFS     += $(shell $(PKG_CONFIG) --cflags libzmq libcurl libpq $(MSGPACK) 2>/dev/null)

# --- objects by program ---
TALK     := common/buf.o common/num.o common/talk.o common/opts.o common/opts_help.o
LINK     := common/link.o common/address.o common/stream.o common/unread.o common/words.o common/task.o common/control.o common/wire.o
ROW      := common/tables.o common/row.o common/rowtext.o

PRODUCER := producer/main.o producer/loop.o producer/pipe.o producer/dispatch.o producer/hear.o producer/plan.o \
            producer/ledger.o producer/ledger_parts.o producer/ledger_sweep.o producer/entries.o producer/crew.o \
            producer/rota.o producer/finish.o producer/failures.o producer/patience.o producer/hashes.o producer/again.o producer/taskline.o producer/progress.o \
            common/tables.o $(TALK) $(LINK)
FETCHER  := fetcher/main.o fetcher/spec.o fetcher/event.o fetcher/loop.o fetcher/loop_end.o fetcher/work.o fetcher/work_tasks.o fetcher/work_requests.o fetcher/survey.o fetcher/survey_check.o fetcher/holdings.o fetcher/report.o \
            fetcher/job.o fetcher/job_plan.o fetcher/step.o fetcher/piece.o fetcher/assembly.o \
            fetcher/ask.o fetcher/take.o fetcher/take_blocks.o fetcher/take_units.o fetcher/doubt.o fetcher/tally.o fetcher/trust.o fetcher/cope.o fetcher/output.o fetcher/news.o \
            fetcher/rpc.o fetcher/http.o fetcher/events.o fetcher/retry_after.o fetcher/request.o fetcher/traffic.o fetcher/reply.o fetcher/secrets.o \
            fetcher/verdict.o fetcher/verdict_rules.o fetcher/pattern.o \
            fetcher/breaker.o fetcher/methods.o fetcher/rest.o fetcher/endpoint.o fetcher/bucket.o fetcher/served.o fetcher/aimd.o fetcher/width.o fetcher/portion.o fetcher/ceiling.o \
            fetcher/datasets.o fetcher/logs.o fetcher/log.o fetcher/logtext.o fetcher/filter.o fetcher/pairs.o fetcher/calls.o fetcher/creations.o fetcher/hexfield.o \
            fetcher/dataset_logs.o fetcher/dataset_blocks.o fetcher/dataset_transactions.o \
            fetcher/dataset_token_transfers.o fetcher/dataset_traces.o fetcher/dataset_contracts.o \
            fetcher/dataset_accounts.o fetcher/keccak.o fetcher/json.o \
            $(TALK) $(LINK) $(ROW)
WRITER   := writer/main.o writer/loop.o writer/take.o writer/lane.o writer/lane_write.o writer/lane_failed.o writer/lane_doubted.o writer/lane_connect.o writer/compaction.o writer/feed.o writer/array.o writer/script.o writer/staging.o writer/batch.o writer/sizer.o writer/partial.o writer/store.o \
            writer/schema.o writer/coverage.o writer/sql.o writer/pg.o writer/pg_wait.o writer/sqlstate.o writer/trouble.o writer/tell.o writer/text.o \
            writer/answer.o writer/gaps.o writer/status.o writer/wanted.o $(TALK) $(LINK) $(ROW)
RPCSIM   := $(patsubst %.c,%.o,$(wildcard tests/rpcsim/*.c)) common/buf.o common/num.o common/talk.o common/opts.o common/opts_help.o
WIREGEN  := tests/t/wiregen.o $(TALK) $(LINK) $(ROW)

PROGRAMS := producer/producer fetcher/fetcher writer/writer

all: $(PROGRAMS)

producer/producer: $(addprefix $(B)/,$(PRODUCER))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ZMQ_LIBS) $(MSGPACK_LIBS)
fetcher/fetcher: $(addprefix $(B)/,$(FETCHER))
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(ZMQ_LIBS) $(MSGPACK_LIBS) $(CURL_LIBS) $(JSON_LIBS) $(NETTLE_LIBS)
writer/writer: $(addprefix $(B)/,$(WRITER))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ZMQ_LIBS) $(MSGPACK_LIBS) $(PQ_LIBS)
tests/rpcsim/rpcsim: $(addprefix $(B)/,$(RPCSIM))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(MHD_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS) -lz
tests/t/wiregen: $(addprefix $(B)/,$(WIREGEN))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(ZMQ_LIBS) $(MSGPACK_LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C_ONLY) $(WARN) $(DEFS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(WARN) $(DEFS) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# --- unit tests: tests/unit/NAME_test.c; the archive gives each the objects that it uses ---
PARTS := $(filter-out %/main.o %/loop.o,$(addsuffix .o,$(basename \
             $(wildcard common/*.c producer/*.c fetcher/*.c fetcher/*.cc writer/*.c))))
UNITS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*_test.c))

$(B)/parts.a: $(addprefix $(B)/,$(PARTS))
	rm -f $@ && $(AR) rcs $@ $^
$(B)/tests/unit/%_test: $(B)/tests/unit/%_test.o $(B)/parts.a
	$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lcmocka $(ZMQ_LIBS) $(MSGPACK_LIBS) $(CURL_LIBS) $(PQ_LIBS) $(JSON_LIBS) $(NETTLE_LIBS) -lz
$(B)/tests/unit/rpcsim_%_test: $(B)/tests/unit/rpcsim_%_test.o $(addprefix $(B)/,$(filter-out %/main.o,$(RPCSIM)))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(MHD_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS) -lz
units: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

# --- tests, lint, installation ---
# deps install what is missing first, in a make of their own: the variables above ask pkg-config.
TESTS     ?= tests/t
LINT_SKIP := -path './.build*' -o -path ./tests/node_modules -o -path ./.git -o -path ./var
C_SOURCES  = $(shell find . \( $(LINT_SKIP) \) -prune -o -name '*.c' -print)
CC_SOURCES = $(shell find . \( $(LINT_SKIP) \) -prune -o -name '*.cc' -print)
SH_SOURCES = run.sh .ci/run $(wildcard common/*.sh tests/*.sh tests/t/*.t tests/bench/*.sh)
LINT_FLAGS = $(DEFS) $(CPPFLAGS)
MANUALS   := $(wildcard common/*.1 producer/*.1 fetcher/*.1 writer/*.1)

deps:
	common/deps.sh build run
deps-test:
	@! command -v apt-get >/dev/null || common/deps.sh build run test
	@$(MAKE) --no-print-directory tests/node_modules/.stamp
deps-lint:
	@! command -v apt-get >/dev/null || common/deps.sh build test lint

# The real node that tests run, and the database client of a benchmark; scripts of their packages are not run.
tests/node_modules/.stamp: tests/package.json tests/package-lock.json
	cd tests && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# Two program tests at a time, since they wait more than they work; the long ones come last, and so go first.
test: deps-test
	@$(MAKE) --no-print-directory -j2 all tests/rpcsim/rpcsim tests/t/wiregen unit-programs
	@$(MAKE) --no-print-directory units
	prove -j2 --reverse -r $(TESTS)
unit-programs: $(UNITS)

lint: deps-lint
	@$(MAKE) --no-print-directory -j2 -s -k lint-c lint-cppcheck lint-shell lint-gcc lint-clang
# not the unit tests: the analyzers take cmocka's assertions for something that returns
lint-c:
	printf "%s\n" $(filter-out ./tests/unit/%,$(C_SOURCES)) | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- -std=c11 $(LINT_FLAGS) 2>/dev/null' tidy
	clang-tidy --quiet $(CC_SOURCES) -- -std=c++17 $(LINT_FLAGS) 2>/dev/null
lint-cppcheck:
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability,performance \
	    --suppress=missingIncludeSystem --std=c11 $(LINT_FLAGS) $(filter-out ./tests/unit/%,$(C_SOURCES))
lint-shell:
	shellcheck -x $(SH_SOURCES)
lint-gcc:
	@$(MAKE) -s B=.build/lint-gcc CC=gcc CXX=g++ CFLAGS='-O2 -Werror' CXXFLAGS='-O2 -Werror' objects
lint-clang:
	@$(MAKE) -s B=.build/lint-clang CC=clang CXX=clang++ CFLAGS='-O1 -Werror' CXXFLAGS='-O1 -Werror' objects
objects: $(patsubst ./%.c,$(B)/%.o,$(C_SOURCES)) $(patsubst ./%.cc,$(B)/%.o,$(CC_SOURCES))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/sluice $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 run.sh $(DESTDIR)$(PREFIX)/bin/sluice
	for p in $(PROGRAMS); do install -m 755 $$p $(DESTDIR)$(PREFIX)/bin/sluice-$${p##*/} || exit 1; done
	install -m 644 $(filter-out common/deps.sh,$(wildcard common/*.sh)) $(DESTDIR)$(PREFIX)/share/sluice
	install -m 644 $(MANUALS) $(DESTDIR)$(PREFIX)/share/man/man1

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/sluice $(addprefix $(DESTDIR)$(PREFIX)/bin/sluice-,$(notdir $(PROGRAMS)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(MANUALS)))
	rm -rf $(DESTDIR)$(PREFIX)/share/sluice

clean: clean-programs
	rm -rf $(B)
clean-programs:
	rm -f $(PROGRAMS) tests/rpcsim/rpcsim tests/t/wiregen

.PHONY: all units unit-programs clean clean-programs deps deps-test deps-lint test lint lint-c lint-cppcheck lint-shell lint-gcc lint-clang \
    objects install uninstall
-include tests/bench/bench.mk
-include $(shell find $(B) -name '*.d' 2>/dev/null)
