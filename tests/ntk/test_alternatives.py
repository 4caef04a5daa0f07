"""Kernels that know no network, the linear model, and the nearest alternative, each computed a second way."""

import numpy as np
import pytest
from scipy.linalg import solve as solved
from sklearn.gaussian_process.kernels import RBF, Matern

from harness.declare import collect_stages
from harness.ntk import alternatives, data, kernels, measures, solve, train
from harness.ntk.architecture import Architecture
from harness.ntk.experiments.regression import QUANTITIES, regression

SMALL = {"data": "sphere", "train": 16, "test": 40, "width": 32, "networks": 2}
NEW = {
    name
    for name in QUANTITIES
    if any(word in name for word in ("matern32", "linear", "alternative", "over-ntk"))
}
NEW -= {"matern32.jitter"}
NEW |= {"laplace-vs-ntk.distance", "single-vs-laplace-given-f0.distance", "ensemble-vs-laplace.distance"}
RIDGE = 0.02


def trial(**parameters):
    with collect_stages() as reports:
        values = regression(**{"seed": 0} | SMALL | parameters)
    return values, {report.name: report.failure for report in reports}


def rms(values):
    return np.sqrt(np.mean(values**2))


def test_radial_kernels_are_sklearns():
    """Laplace is Matérn-1/2, with the same length: scikit-learn's general formula says so."""
    random = np.random.default_rng(0)
    a, b = random.standard_normal((5, 3)), random.standard_normal((4, 3))
    for ours, theirs in (
        (kernels.matern32, Matern(1.7, nu=1.5)),
        (kernels.laplace, Matern(1.7, nu=0.5)),
        (kernels.rbf, RBF(1.7)),
    ):
        np.testing.assert_allclose(ours(a, b, 1.7), theirs(a, b), rtol=1e-12)
    by_hand = [[sum(p * q for p, q in zip(u, v, strict=True)) / 3 + 1 for v in b] for u in a]
    np.testing.assert_allclose(kernels.linear(a, b), by_hand, rtol=1e-14)


def leave_one_out(gram, cross, y):
    """By leaving out: each point predicted from the others, at each ridge; the predictions of the best."""
    diagonal, points = np.mean(np.diag(gram)), np.arange(len(y))
    best = (np.inf, None)
    for ridge in solve.RIDGES * diagonal:
        left = []
        for out in points:
            rest = points[points != out]
            weights = solved(gram[np.ix_(rest, rest)] + ridge * np.eye(len(rest)), y[rest])
            left.append(y[out] - gram[out, rest] @ weights)
        if rms(np.array(left)) < best[0]:
            best = (rms(np.array(left)), cross @ solved(gram + ridge * np.eye(len(y)), y))
    return best[1]


@pytest.fixture(scope="module")
def whole():
    """A trial, and everything that its new quantities are of, by scikit-learn's kernels and plain solves."""
    seen, compared, original, original_nearest = [], [], train.train, alternatives.nearest

    def spy(initials, *args, **kwargs):
        seen.append((initials, original(initials, *args, **kwargs)))
        return seen[-1][1]

    def spy_nearest(ruler, network, others):
        compared.append((network, others))
        return original_nearest(ruler, network, others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train", spy)
        patch.setattr(alternatives, "nearest", spy_nearest)
        values, failures = trial(ridge=RIDGE)
    assert not any(failures.values()), failures
    (initials, single), (_, centred) = seen
    points = data.split("sphere", train=16, test=40, seed=0)
    x, y, x_test = points.x_train, points.y_train, points.x_test
    pairs = [np.linalg.norm(x[i] - x[j]) for i in range(16) for j in range(i)]
    length = float(np.median(pairs))
    architecture = Architecture(1, 32)
    nngp, ntk = (
        dict(zip(("gram", "cross"), blocks, strict=True))
        for blocks in zip(kernels.nngp_ntk(architecture, x), kernels.nngp_ntk(architecture, x_test, x),
            strict=True)
    )  # fmt: skip
    radial = {
        name: {"gram": kernel(x), "cross": kernel(x_test, x)}
        for name, kernel in (
            ("rbf", RBF(length)), ("laplace", Matern(length, nu=0.5)), ("matern32", Matern(length, nu=1.5)),
        )
    }  # fmt: skip
    linear = {"gram": x @ x.T / 10 + 1, "cross": x_test @ x.T / 10 + 1}
    f0, f0_test = (
        np.stack([np.asarray(getattr(initial, f), dtype=np.float64) for initial in initials], axis=1)
        for f in ("f_train", "f_test")
    )

    def predict(kernel, targets):
        gram = kernel["gram"] + RIDGE * np.mean(np.diag(kernel["gram"])) * np.eye(16)
        return kernel["cross"] @ np.linalg.solve(gram, targets)

    every = {"ntk": ntk, "nngp": nngp} | radial
    plain = {name: predict(kernel, y) for name, kernel in every.items()}
    given = {name: f0_test + predict(kernel, y[:, None] - f0) for name, kernel in every.items()}
    loo = {
        "matern32-loo": leave_one_out(*radial["matern32"].values(), y),
        "linear-loo": leave_one_out(*linear.values(), y),
    }
    networks = {
        "single": single.f_test, "centred": centred.f_test - f0_test,
        "ensemble": single.f_test.mean(axis=1, keepdims=True),
    }  # fmt: skip
    return values, points.y_test, plain, given, loo, networks, compared


def test_each_new_quantity_by_hand(whole):
    """To 1e-6: what plain solves of kernels with this ridge are good to, many times over."""
    values, y_test, plain, given, loo, networks, _ = whole

    def error(predictions):
        return rms(predictions - y_test)

    def apart(network, alternative):
        """Geometric mean over networks; an alternative may be a column for each."""
        gaps = [
            rms(column - (alternative if alternative.ndim == 1 else alternative[:, number])) / rms(y_test)
            for number, column in enumerate(network.T)
        ]
        return float(np.exp(np.mean(np.log(gaps))))

    others = ("nngp", "rbf", "laplace", "matern32")
    single, centred, ensemble = networks.values()
    by_hand = {
        "matern32.error": error(plain["matern32"]),
        **{f"{name}.error": error(prediction) for name, prediction in loo.items()},
        "laplace-vs-ntk.distance": rms(plain["laplace"] - plain["ntk"]) / rms(y_test),
        "matern32-vs-ntk.distance": rms(plain["matern32"] - plain["ntk"]) / rms(y_test),
        "matern32-vs-nngp.distance": rms(plain["matern32"] - plain["nngp"]) / rms(y_test),
        **{
            f"{name}-over-ntk.error-ratio": error((plain | loo)[name]) / error(plain["ntk"])
            for name in ("laplace", "rbf", "matern32", "linear-loo")
        },
        "single-vs-laplace-given-f0.distance": apart(single, given["laplace"]),
        "single-vs-matern32-given-f0.distance": apart(single, given["matern32"]),
        "single-vs-nearest-alternative.distance": min(apart(single, plain[name]) for name in others),
        "single-vs-nearest-alternative-given-f0.distance": min(
            apart(single, plain["ntk"]), *(apart(single, given[name]) for name in others)
        ),
        "centred-vs-matern32.distance": apart(centred, plain["matern32"]),
        "centred-vs-nearest-alternative.distance": min(apart(centred, plain[name]) for name in others),
        "ensemble-vs-laplace.distance": apart(ensemble, plain["laplace"]),
        "ensemble-vs-matern32.distance": apart(ensemble, plain["matern32"]),
        "ensemble-vs-nearest-alternative.distance": min(apart(ensemble, plain[name]) for name in others),
    }
    assert set(by_hand) == NEW
    for name, value in by_hand.items():
        assert values[name] == pytest.approx(value, rel=1e-6), name
    unlike = [name for name in by_hand if "nearest" not in name]
    assert len({round(values[name], 6) for name in unlike}) == len(unlike)


def test_every_alternative_is_compared(whole):
    """The least of some numbers does not tell of the others, so what was compared is looked at itself."""
    *_, plain, given, _, networks, compared = whole
    others = ("nngp", "rbf", "laplace", "matern32")
    expected = [
        (networks["single"], {name: plain[name] for name in others}),
        (networks["ensemble"][:, 0], {name: plain[name] for name in others}),
        (networks["centred"], {name: plain[name] for name in others}),
        (
            networks["single"],
            {f"{name}-given-f0": given[name] for name in others} | {"ntk": plain["ntk"]},
        ),
    ]
    assert len(compared) == len(expected)
    for (network, found), (of, wanted) in zip(compared, expected, strict=True):
        np.testing.assert_array_equal(network, of)
        assert set(found) == set(wanted)
        for name, prediction in wanted.items():
            np.testing.assert_allclose(found[name], prediction, rtol=1e-6, atol=1e-8, err_msg=name)


def test_nearest_takes_the_least_over_alternatives_and_not_over_networks():
    """Two networks, two alternatives, each network on one: the distance to either is not 0 on average."""
    points = data.split("sphere", train=4, test=2, seed=0)
    ruler = measures.error_ruler(points)
    networks = np.array([[1.0, 3.0], [1.0, 3.0]])
    others = {"a": np.array([1.5, 1.5]), "b": np.array([7.0, 7.0])}
    distances = [ruler.distance(networks, alternative) for alternative in others.values()]
    assert alternatives.nearest(ruler, networks, others) == min(distances) == distances[0]
    assert alternatives.nearest(ruler, networks, {"b": others["b"]}) == distances[1]
