"""What `--cluster local:N` lets in: nobody from the network, and nobody else on the machine."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, Security
from sockets import listeners, named_unix_sockets, tree

from harness.measure import Laboratory
from harness.measure.cluster import ClusterError, connect
from harness.measure.cluster.client import Cluster

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the tables in /proc/net")
NODES = 5
"""A scheduler, and for each of two workers itself and its nanny: each has a port for Dask's messages, and
none has another."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    started = connect("local:2", None)
    yield started
    started.close()


def test_a_socket_on_all_addresses_is_seen() -> None:
    with socket.socket() as v4, socket.socket(socket.AF_INET6) as v6:
        for each, address in ((v4, "0.0.0.0"), (v6, "::")):
            each.bind((address, 0))
            each.listen()
        found = {(listener.address, listener.port) for listener in listeners(os.getpid())}
        assert {("0.0.0.0", v4.getsockname()[1]), ("::", v6.getsockname()[1])} <= found
        assert not any(listener.loopback for listener in listeners(os.getpid()) if listener.address == "::")


def test_every_socket_of_the_process_tree_is_on_the_loopback_interface(cluster: Cluster) -> None:
    found = listeners(os.getpid())
    assert [listener for listener in found if not listener.loopback] == []
    assert len(found) == NODES, "a dashboard, or another HTTP server"
    assert len({listener.pid for listener in found}) == 3
    assert named_unix_sockets(os.getpid()) == []
    assert len(tree(os.getpid())) > 3


def test_another_user_of_the_machine_is_refused(cluster: Cluster) -> None:
    """Who reaches a port, but has not the cluster's certificate, cannot give it anything to run."""
    assert cluster.kind == "local:2"
    for port in {listener.port for listener in listeners(os.getpid())}:
        for address, security in (
            (f"tcp://127.0.0.1:{port}", None),
            (f"tls://127.0.0.1:{port}", Security.temporary()),
        ):
            with pytest.raises((OSError, TimeoutError)):
                Client(address, timeout=0.7, security=security, set_as_default=False)


def test_workers_import_from_no_folder_that_others_may_write_to(cluster: Cluster) -> None:
    folders = cluster.client.run(lambda dask_worker: dask_worker.local_directory)
    assert len(folders) == 2
    for folder in map(Path, folders.values()):
        above = next(each for each in folder.parents if each.name.startswith("harness-"))
        assert (above.stat().st_mode & 0o777, above.stat().st_uid) == (0o700, os.getuid())


def test_without_certificates_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ClusterError, match=r"expected the package cryptography.*ntk-harness\[cluster\]"):
        Laboratory(None, cluster="local:1")
