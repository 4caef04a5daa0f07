"""`ntk.regression` for a block of seeds: one program a stage trains the networks of all seeds.

Everything else is computed seed by seed. Each seed has a `Computed` of its own, which asks the block for the
results of networks (`InBlock`). The first seed that asks has the results computed for all seeds whose inputs
are there. A seed that lacks an input fails by itself when it is its turn. The program gets another seed's
inputs in its place, so that shapes stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from harness.declare import Lanes, beside
from harness.ntk import abreast, model_checks, own_kernels
from harness.ntk import train as training
from harness.ntk.experiments._regression_computed import Computed, Setting, Training
from harness.ntk.experiments._regression_kernels import SIBLINGS
from harness.ntk.experiments._regression_predictors import NetworkState
from harness.ntk.model import Model, Params
from harness.ntk.products import products

Found = TypeVar("Found")


def computed(model: Model, setting: Setting, kernels_read: Collection[str] = frozenset(SIBLINGS)) -> Computed:
    """What a trial computes, by itself or beside the other seeds of its block.

    Takes the arguments of `Computed`.
    """
    lanes = beside(setting.seed)
    if len(lanes.seeds) == 1:
        return Computed(model, setting, kernels_read)
    members = lanes.once(
        "members",
        lambda: {
            seed: InBlock(model, replace(setting, seed=seed), kernels_read, lanes) for seed in lanes.seeds
        },
    )
    return members[setting.seed]


class _Drawn(NamedTuple):
    """The networks of a block before training, [seeds, networks, ...]. Parameters are on the device."""

    params: Params
    f_train: np.ndarray
    f_test: np.ndarray


class InBlock(Computed):
    """One trial of a block."""

    def __init__(self, model: Model, setting: Setting, kernels_read: Collection[str], lanes: Lanes) -> None:
        super().__init__(model, setting, kernels_read)
        self._lanes = lanes

    def _of_all(
        self, name: str, given: Callable[[InBlock], tuple[Any, ...]], program: Callable[..., Found]
    ) -> Found:
        """What the program gives for all seeds, from the stacked results of `given`.

        Raises what keeps this seed from giving its own. This seed's inputs stand in for those of seeds that
        fail.
        """
        own = given(self)
        return self._lanes.once(name, lambda: self._run(own, given, program))

    def _run(
        self, own: tuple[Any, ...], given: Callable[[InBlock], tuple[Any, ...]], program: Callable[..., Found]
    ) -> Found:
        members: dict[int, InBlock] = self._lanes.once("members", dict)
        rows = []
        for member in members.values():
            try:
                rows.append(given(member))
            except Exception:  # this seed raises it again when it is its turn
                rows.append(own)
        for seed, row in zip(members, rows, strict=True):
            shapes, expected = ([np.shape(leaf) for leaf in jax.tree.leaves(each)] for each in (row, own))
            if shapes != expected:
                raise ValueError(
                    f"data of seed {seed}: expected arrays of the shapes that those of seed"
                    f" {self.setting.seed} have, {expected}, found {shapes}: seeds of other shapes cannot be"
                    " computed abreast; give --block 1"
                )
        with products(self.setting.precision):
            stacked: tuple[Any, ...] = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
            return program(*stacked)

    @property
    def _place(self) -> int:
        return self._lanes.seeds.index(self.setting.seed)

    def _keys(self, *, batches: bool = False) -> abreast.BlockKeys:
        seeds = jnp.asarray(self._lanes.seeds)
        keys: abreast.BlockKeys = abreast.block_keys(seeds, self.setting.networks, batches=batches)
        return keys

    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        x, x_test = self.points.x_train, self.points.x_test
        key = training.network_key(self.setting.seed, 0)
        model_checks.require_sound(self.model, key, np.concatenate([x, x_test]))
        return x, x_test

    def _drawn(self) -> _Drawn:
        def program(x: np.ndarray, x_test: np.ndarray) -> _Drawn:
            found = abreast.initialise_block(self._keys(), self.model, x, x_test)
            return _Drawn(found.params, *map(np.asarray, found[1:]))

        return self._of_all("initials", InBlock._points, program)

    def _initialised(self) -> list[training.Initial]:
        """The networks before training, without their parameters, which stay with those of the block."""
        found, place = self._drawn(), self._place
        columns = (found.f_train[place], found.f_test[place])
        return [training.Initial(None, *each) for each in zip(*columns, strict=True)]

    def _own_largest(self) -> Float[np.ndarray, " nets"]:
        found: np.ndarray = self._of_all(
            "largest eigenvalues",
            lambda member: (member.points.x_train,),
            lambda x: np.asarray(abreast.block_largest_eigenvalues(self._drawn().params, self.model, x)),
        )
        own: Float[np.ndarray, " nets"] = found[self._place]
        return own

    def _initial_grams(self) -> list[np.ndarray]:
        return list(self._of_networks("initial")[0][self._place])

    def _train(self, kind: Training) -> training.Runs:
        at, runs = self.setting, self._runs(kind, self._finals(kind))
        training.require_trained(kind, runs, self.rates, at.target_loss * self.points.unit**2, at.max_steps)
        return runs

    def _finals(self, kind: Training) -> training.Final:
        """All networks of the block after training: arrays in this process, parameters on the device."""

        def given(member: InBlock) -> tuple[Any, ...]:
            at, points, y = member.setting, member.points, member.targets
            held = None
            if at.validation:
                asked = member._held_out(kind)
                held = training.HeldOut(asked.x, asked.y.T, at.patience)
            target = np.asarray(at.target_loss * points.unit**2)
            targets = y + member.f0 if kind == "centred" else y
            return points.x_train, targets.T, points.x_test, member.rates, target, held

        def program(x: Any, y: Any, x_test: Any, rates: Any, target: Any, held: Any) -> training.Final:
            steps = jnp.asarray(self.setting.max_steps, dtype=jnp.int32)
            keys = self._keys(batches=True) if self._rule.batch else None
            if held is not None:
                held = held._replace(patience=self.setting.patience)
            final = abreast.descend_block(
                self._drawn().params, self.model, self._rule, x, y, x_test, rates, target, steps, keys, held
            )
            here: training.Final = jax.tree.map(np.asarray, final._replace(params=None))
            return here._replace(params=final.params)

        return self._of_all(kind, given, program)

    def _runs(self, kind: Training, final: training.Final) -> training.Runs:
        numbers = [np.asarray(each)[self._place] for each in final[:-1]]
        steps, loss, initial_loss, steps_taken, last_loss, f_train, f_test = numbers
        return training.Runs(
            steps=steps.astype(int),
            loss=loss.astype(np.float64),
            initial_loss=initial_loss.astype(np.float64),
            steps_taken=steps_taken.astype(int),
            last_loss=last_loss.astype(np.float64),
            f_train=f_train.T.astype(np.float64),
            f_test=f_test.T.astype(np.float64),
            params=[],  # they stay with those of the block
            stride=self._rule.stride(len(self.points.x_train)),
            patience=self.setting.patience if self.setting.validation else None,
        )

    def _outputs_before(self, x: Float[np.ndarray, "points inputs"]) -> list[Any]:
        found: np.ndarray = self._of_all(
            "outputs before",
            lambda member: (member.points.x_validation,),
            lambda x: np.asarray(abreast.block_outputs(self._drawn().params, self.model, x)),
        )
        return list(found[self._place])

    def _of_networks(self, which: NetworkState) -> tuple[np.ndarray, np.ndarray]:
        """The own kernels of all networks: between training points, and between test and training points."""

        def given(member: InBlock) -> tuple[Any, ...]:
            if which != "initial":
                member.trained("single" if which == "trained" else "centred")
            return member.points.x_train, member.points.x_test

        def program(x: np.ndarray, x_test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            if which == "initial":
                params = self._drawn().params
            else:
                params = self._finals("single" if which == "trained" else "centred").params
            gram = abreast.tangent_kernels(params, self.model, x)
            return gram, abreast.tangent_kernels(params, self.model, x_test, x)

        return self._of_all(f"{which} own kernels", given, program)

    def _own(self, which: NetworkState) -> own_kernels.OwnKernels:
        grams, crosses = (list(each[self._place]) for each in self._of_networks(which))
        return own_kernels.factored(f"{which} tangent", grams, crosses, self.setting.ridge)
