"""What a report says of the device: its kind, the precision of float32 products, the size of blocks."""

from __future__ import annotations

import pytest
from edits import edited
from good_suite import read, write
from made import RECORD
from msgspec.structs import replace

import harness
from harness.history.merge import ShardFile
from harness.history.merge import merge as merge_records
from harness.report import read_record
from harness.report.record import to_json
from harness.report.words import device_text, provenance

__all__ = ["read", "write"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "cpu"),
        ({"matmul_precision": "highest", "blocks": (1,)}, "cpu"),
        ({"matmul_precision": "highest", "blocks": (1, 16)}, "cpu (blocks of 16 seeds)"),
        ({"matmul_precision": "bfloat16"}, "cpu (float32 products: bfloat16)"),
        ({"device": "H100", "matmul_precision": "highest", "blocks": (8, 16)},
         "H100 (float32 products: highest, blocks of 8 and 16 seeds)"),
        ({"device": "H100"}, "H100 (float32 products: as JAX has them)"),
    ],
)  # fmt: skip
def test_the_last_lines_name_device_precision_and_block(changes, said) -> None:
    environment = replace(RECORD.environment, **changes)
    assert device_text(environment) == said
    assert f"· {said} · a CPU ·" in provenance(replace(RECORD, environment=environment))


SUITE = """
[suite]
format = 2
title = "Abreast"

[experiments.toys]
run = "block_toys:alone"

[claims.large]
says = "The number is large."
expect = "open"
experiment = "toys"
at-least = { of = "number", bound = 1.0 }
"""


@pytest.mark.slow
def test_a_record_says_how_many_seeds_were_computed_abreast(write, tmp_path) -> None:
    """And has the same numbers whatever the seeds, their order and the number of workers."""
    suite, found = write(SUITE), []
    for seeds, first, workers in ((14, 0, 1), (21, 3, 2)):
        found.append(
            harness.run(
                suite, seeds=seeds, first_seed=first, workers=workers, block=4, store=None, recheck=False
            )
        )
        assert found[-1].environment.blocks == (4,)
        assert found[-1].environment.matmul_precision == "highest"
        assert "cpu (blocks of 4 seeds)" in provenance(found[-1])
    values = [dict(enumerate(r.instances[0].values, r.instances[0].first_seed)) for r in found]
    shared = values[0].keys() & values[1].keys()
    assert len(shared) > 4
    assert {seed: values[0][seed] for seed in shared} == {seed: values[1][seed] for seed in shared}
    (tmp_path / "record.json").write_bytes(to_json(found[0]))
    assert read_record(tmp_path / "record.json").environment == found[0].environment


@pytest.mark.slow
def test_merged_parts_have_the_blocks_of_all(write) -> None:
    claim = SUITE[SUITE.index("[claims.large]") :]
    other = edited(claim, {"claims.large": "claims.other", 'experiment = "toys"': 'experiment = "others"'})
    more = '[experiments.others]\nrun = "block_toys:alone"\nwith = { size = 2 }\n'
    suite = write(f"{SUITE}\n{more}\n{other}")
    parts = [
        ShardFile(
            f"{n}.json", harness.run(suite, seeds=14, shard=(n, 2), block=size, store=None, recheck=False)
        )
        for n, size in ((1, 4), (2, 1))
    ]
    merged = merge_records(parts, ("harness", "merge")).environment
    assert (merged.blocks, merged.matmul_precision, merged.xla_flags) == ((1, 4), "highest", "")
