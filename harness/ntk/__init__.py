"""The science: data, models, training, kernels and experiments. Importing this package imports no library.

`from harness.ntk import neural_tangents` gives the package of that name (`harness.ntk.neural_tangents`).
"""
