"""What benchmarks share: not benchmarks themselves, which are the modules of the folder above."""
