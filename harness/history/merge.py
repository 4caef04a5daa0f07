"""Makes one record from several: the shards of a run, or runs of different claims."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from harness.errors import UserError
from harness.report.agreement import claim_records, stated_in
from harness.report.confirmed import exit_code_of
from harness.report.dates import moment
from harness.report.explored import first_seed
from harness.report.joint import family_records
from harness.report.maps import joined_maps
from harness.report.record import (
    ClaimRecord,
    ComparisonRecord,
    CountsRecord,
    EnvironmentRecord,
    FamilyRecord,
    InstanceRecord,
    QuantityRecord,
    Record,
    SuiteRecord,
)
from harness.report.words import by_claim
from harness.suite.explored import first_beyond
from harness.suite.names import namesakes
from harness.text import printable

NAMED = 8
"""The most missing shards that are named one by one."""


class MergeError(UserError, ValueError):
    """Records that are not parts of one run."""


@dataclass(frozen=True)
class ShardFile:
    """A record with the file from which it was read."""

    file: str
    record: Record


def merge(parts: Sequence[ShardFile], command: Sequence[str] = ()) -> Record:
    """One record of the parts, as one run would have given it, with instances in the order of the selection.

    Its duration is that of its longest part. If parts differ in machine or libraries, all are named, and a
    note says so. Raises `MergeError` if the parts are of different commits, suites, seeds or code, if two
    have the same instance, or if a shard is missing.
    """
    if not parts:
        raise MergeError("expected records to merge, found none")
    first = parts[0]
    for name in ("commit", "tracked", "fresh", "harness_version"):
        for part in parts[1:]:
            _must_agree(name, first, part)
    for part in parts[1:]:
        if first.record.fresh or not _begins_by_itself(part.record):
            _must_agree("first_seed", first, part)
    _check_shards(parts)
    suites = _suites(parts)
    placed = [
        (place, instance)
        for part in parts
        for place, instance in zip(_places(part.record), part.record.instances, strict=True)
    ]
    owners: dict[str, str] = {}
    for part in parts:
        for instance in part.record.instances:
            if instance.id in owners:
                raise MergeError(f"{part.file}: {instance.id} is in {owners[instance.id]} as well")
            owners[instance.id] = part.file
    if first.record.shard:
        placed.sort(key=lambda pair: pair[0])
    instances = tuple(instance for _, instance in placed)
    records = [part.record for part in parts]
    environment, differences = _environment([record.environment for record in records])
    maps = joined_maps(records)
    notes = [*itertools.chain.from_iterable(record.notes for record in records), *differences]
    return Record(
        schema_version=first.record.schema_version,
        harness_version=first.record.harness_version,
        started=_first_start(parts),
        duration=max(record.duration for record in records),
        command=tuple(command),
        suites=suites,
        commit=first.record.commit,
        environment=environment,
        first_seed=min(record.first_seed for record in records),
        fresh=first.record.fresh,
        trials=CountsRecord(
            measured=sum(record.trials.measured for record in records),
            reused=sum(record.trials.reused for record in records),
            failed=sum(record.trials.failed for record in records),
        ),
        wrong_verdicts_bound=sum(instance.alpha for instance in instances),
        exit_code=exit_code_of(instances, maps),
        notes=tuple(dict.fromkeys(notes)),
        instances=instances,
        tracked=first.record.tracked,
        time_budget=max((r.time_budget for r in records if r.time_budget is not None), default=None),
        rechecks=tuple(itertools.chain.from_iterable(record.rechecks for record in records)),
        claims=_claims(records, instances),
        explored_seeds=any(record.explored_seeds for record in records),
        families=_families(records, instances),
        comparisons=_comparisons(records),
        quantities=_quantities(records),
        maps=maps,
    )


def _families(records: Sequence[Record], instances: Sequence[InstanceRecord]) -> tuple[FamilyRecord, ...]:
    """Which instances hold jointly, over all parts together."""
    stated = {family.suite: (family.level, family.total) for r in records for family in r.families}
    return family_records(instances, stated)


def _comparisons(records: Sequence[Record]) -> tuple[ComparisonRecord, ...]:
    """The comparisons of all parts. Of one that two parts made, the one with more seeds is kept."""
    found: dict[bytes, ComparisonRecord] = {}
    for each in (each for record in records for each in record.comparisons):
        key = msgspec.json.encode(
            (each.baseline, each.experiment, each.params, each.quantity), order="sorted"
        )
        if key not in found or found[key].n < each.n:
            found[key] = each
    return tuple(found.values())


def _quantities(records: Sequence[Record]) -> tuple[QuantityRecord, ...]:
    """The quantities of all parts, each once."""
    every = (each for record in records for each in record.quantities)
    return tuple({msgspec.json.encode(each, order="sorted"): each for each in every}.values())


def _claims(records: Sequence[Record], instances: Sequence[InstanceRecord]) -> tuple[ClaimRecord, ...]:
    """The statements on the claims of all parts together; none if a part is of a version without them."""
    if any(record.instances and not record.claims for record in records):
        return ()
    stated = stated_in(claim for record in records for claim in record.claims)
    return claim_records(by_claim(instances), stated)


def _first_start(parts: Sequence[ShardFile]) -> str:
    """When the first of the parts was started, as its record says it."""
    starts = []
    for part in parts:
        started = moment(part.record.started)
        if started is None:
            found = repr(printable(part.record.started[:40]))
            raise MergeError(f"{part.file}: expected the date and time when it was started, found {found}")
        starts.append((started, part.record.started))
    return min(starts)[1]


def _places(record: Record) -> Sequence[int]:
    return record.shard.places if record.shard else range(len(record.instances))


def _must_agree(name: str, first: ShardFile, other: ShardFile) -> None:
    was, found = getattr(first.record, name), getattr(other.record, name)
    if was != found:
        shown = name.replace("_", " ")
        raise MergeError(
            f"{other.file}: expected the {shown} of {first.file}, {_plain(was)}, found {_plain(found)}"
        )


def _begins_by_itself(record: Record) -> bool:
    """Whether the record's first seed is one with which its suites let instances begin. These may differ."""
    firsts = [(first_seed(instance), first_beyond(instance.explored)) for instance in record.instances]
    own = all(first in (None, stated) for first, stated in firsts)
    return own and record.first_seed in {stated for _, stated in firsts}


def _plain(value: object) -> object:
    if value is None:
        return "none"
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value


def _check_shards(parts: Sequence[ShardFile]) -> None:
    """Check that there are all shards of one selection, each once, or no shards at all."""
    shards = [part.record.shard for part in parts]
    if not any(shards):
        return
    numbers: dict[int, str] = {}
    of = next(shard.of for shard in shards if shard)
    for part, shard in zip(parts, shards, strict=True):
        if shard is None or shard.of != of:
            found = f"shard {shard.number}/{shard.of}" if shard else "a record of no shard"
            raise MergeError(f"{part.file}: expected a shard of {of}, found {found}")
        if not 1 <= shard.number <= of:
            raise MergeError(f"{part.file}: expected shard 1 to {of}, found shard {shard.number}/{of}")
        if shard.number in numbers:
            raise MergeError(f"{part.file}: shard {shard.number}/{of} is in {numbers[shard.number]} as well")
        numbers[shard.number] = part.file
    if len(numbers) < of:
        lacking = (number for number in range(1, of + 1) if number not in numbers)
        missing = [f"{number}/{of}" for number in itertools.islice(lacking, NAMED)]
        others = of - len(numbers) - len(missing)
        more = f" and {others} others" if others else ""
        raise MergeError(f"expected all {of} shards, found none for {', '.join(missing)}{more}")
    places = sorted(place for shard in shards if shard for place in shard.places)
    totals = {shard.total for shard in shards if shard}
    if len(totals) > 1 or len(places) != max(totals) or places != list(range(len(places))):
        raise MergeError("expected shards of one selection, found shards of different ones")


def _suites(parts: Sequence[ShardFile]) -> tuple[SuiteRecord, ...]:
    suites: dict[str, tuple[SuiteRecord, str]] = {}
    for part in parts:
        for suite in part.record.suites:
            known, file = suites.setdefault(suite.name, (suite, part.file))
            if (known.sha256, known.overrides, known.commit) != (suite.sha256, suite.overrides, suite.commit):
                found = "another version, another commit or other parameters"
                one, other = (known.place or known.path, suite.place or suite.path)
                if one != other:
                    found = f"another one: {namesakes(suite.name, one, other)}"
                raise MergeError(f"{part.file}: expected suite {suite.name} as in {file}, found {found}")
    return tuple(suite for suite, _ in suites.values())


def _joined(texts: Iterable[str]) -> str:
    """Every text once, except empty ones."""
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _environment(found: Sequence[EnvironmentRecord]) -> tuple[EnvironmentRecord, list[str]]:
    """What all have in common. If they differ, every value."""
    values = {
        name: dict.fromkeys(getattr(each, name) for each in found)
        for name in ("python", "platform", "cpu", "device", "machine")
    }
    if len(values["device"]) > 1:
        values["device"].pop("none", None)  # from a part that measured nothing
    versions = {
        name: dict.fromkeys(each.libraries[name] for each in found if name in each.libraries)
        for name in sorted({name for each in found for name in each.libraries})
    }
    different = {**{name: values[name] for name in ("python", "device")}, **versions}
    notes = [f"parts were run with different {name}" for name, all_ in different.items() if len(all_) > 1]
    return msgspec.structs.replace(
        found[0],
        **{name: ", ".join(all_) for name, all_ in values.items()},
        precision={name: text for each in found for name, text in each.precision.items()},
        libraries={name: ", ".join(all_) for name, all_ in versions.items()},
        workers=max(each.workers for each in found),
        blocks=tuple(sorted({size for each in found for size in each.blocks})),
        **{
            name: _joined(getattr(each, name) for each in found) for name in ("matmul_precision", "xla_flags")
        },
        workers_per_device=max(each.workers_per_device for each in found),
    ), notes
