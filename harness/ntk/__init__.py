"""Data, models, training, kernels and experiments. Importing this package imports no library.

`from harness.ntk import neural_tangents` imports the package neural-tangents (`harness.ntk.neural_tangents`).
"""
