"""Stand-ins for the outside systems: the demo, the tests and the benchmarks run on them, with no account."""
