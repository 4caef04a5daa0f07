"""What the engine costs: benchmarks of loading, judging, the store and whole runs, one a file.

The room to the right of all others: it may use any of them, and none uses it but by name.
"""
