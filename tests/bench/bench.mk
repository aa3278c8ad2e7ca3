# The benchmarks: make bench (all, 5 to 6 minutes), make bench-quick (the main figures, 60 s).
# Each part also runs alone: tests/bench/end-to-end.sh and so on. See tests/bench/README.md.

BENCH_PROGRAMS := $(PROGRAMS) tests/rpcsim/rpcsim $(B)/tests/bench/rusage

$(B)/tests/bench/rusage: $(B)/tests/bench/rusage.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

bench bench-quick: $(BENCH_PROGRAMS)
	@RUSAGE=$(B)/tests/bench/rusage tests/bench/all.sh $@

.PHONY: bench bench-quick
