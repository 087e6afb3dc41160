"""What tests/bench.sh measures."""
