"""What the science costs: benchmarks of kernels, solves, networks and trials, one a file."""
