"""Benchmarks of kernels, solves, networks and trials, one per file."""
