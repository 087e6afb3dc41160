"""A made-up Python project with a history, a test suite and per-test coverage, for the benchmarks."""
