"""The clusters that the fake can be: each answers as it is laid out, and the demo's files declare what is there.

Decides: that the fake has nothing of the owner's cluster built in. Not: how Proxmox answers (test_fake.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.declaration import read_declaration
from demo import certs
from demo.handle import ROOT, FakeHandle, start_fake
from demo.layout import ELSEWHERE, LAYOUTS, OWNERS, PVE_B, Layout
from tests.demo.conftest import Api


@pytest.fixture(scope="module", params=LAYOUTS)
def laid_out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHandle]:
    with start_fake(tmp_path_factory.mktemp("laid-out"), layout=request.param) as fake:
        yield fake


@pytest.fixture
def laid_out_api(laid_out: FakeHandle) -> Iterator[Api]:
    laid_out.reset()
    client = Api(laid_out)
    yield client
    client.session.close()


def test_it_answers_as_it_is_laid_out(laid_out_api: Api) -> None:
    api, layout = laid_out_api, laid_out_api.fake.layout
    status = {entry["name"]: entry.get("ip") for entry in api.data("GET", "/cluster/status")}
    assert status == {layout.cluster: None} | dict(layout.nodes)
    for node in layout.nodes:
        assert {one["iface"] for one in api.data("GET", f"/nodes/{node}/network", type="bridge")} == set(layout.bridges)
        assert {one["storage"] for one in api.data("GET", f"/nodes/{node}/storage")} == set(layout.storage_cfg)
    assert {vmid: ct["node"] for vmid, ct in api.fake.cts().items()} == layout.template_copies
    assert all(ct["template"] for ct in api.fake.cts().values())
    assert api.fake.ready.token_id == layout.token_id


def test_its_templates_can_be_cloned_started_and_grown(laid_out_api: Api) -> None:
    api, layout = laid_out_api, laid_out_api.fake.layout
    for number, (vmid, node) in enumerate(layout.template_copies.items(), 7000):
        upid = api.data("POST", f"/nodes/{node}/lxc/{vmid}/clone", newid=number, hostname="pod", full=0)
        assert api.end_of(upid) == "OK"
        assert api.config(number, node)["rootfs"].startswith(f"{layout.pods_on}:")
        pod = f"/nodes/{node}/lxc/{number}"
        assert api.end_of(api.data("PUT", f"{pod}/resize", disk="rootfs", size="20G")) == "OK"
        assert api.end_of(api.data("POST", f"{pod}/status/start")) == "OK"


def test_a_cluster_elsewhere_has_no_name_of_the_owners() -> None:
    def names(layout: Layout) -> set[str]:
        storages = {of[key] for of in layout.storage_cfg.values() for key in of if key in ("path", "pool")}
        vmids = {str(vmid) for vmid in layout.template_copies}
        texts = {layout.cluster, layout.token_id, layout.appliance, layout.template_hostname, *layout.bridges}
        return {*texts, *layout.nodes, *layout.nodes.values(), *layout.storage_cfg, *storages, *vmids}

    assert not names(ELSEWHERE) & (names(OWNERS) | names(PVE_B))


def test_the_second_clusters_file_fits_its_proxmox(tmp_path: Path) -> None:
    urls = ("https://127.0.0.1:8006", "https://127.0.0.1:8007")
    environ = {
        "DEMO_PVE_B_URL_1": urls[0],
        "DEMO_PVE_B_URL_2": urls[1],
        "DEMO_PVE_B_CA": str(certs.make(tmp_path).ca),
        "DEMO_PVE_B_TOKEN_SECRET": "none",
    }
    declaration = read_declaration(ROOT / "demo" / "pve-b.toml", environ)
    (network,), (cluster,) = declaration.networks, declaration.clusters
    (subnet,), (attachment,) = network.subnets, cluster.attachments

    assert (str(subnet.cidr), str(subnet.gateway), attachment.bridge) == ("10.2.0.0/24", "10.2.0.1", "vmbr1")
    assert attachment.bridge in PVE_B.bridges
    assert (cluster.name, cluster.endpoints, cluster.token.id) == (PVE_B.cluster, urls, PVE_B.token_id)
    assert {node.name: str(node.address) for node in cluster.nodes} == PVE_B.nodes
    assert {copy.vmid: copy.node for copy in cluster.template_copies} == PVE_B.template_copies
    assert {tier.name: ",".join(sorted(tier.content)) for tier in cluster.tiers} == {
        name: ",".join(sorted(of["content"].split(","))) for name, of in PVE_B.storage_cfg.items()
    }


def test_both_demo_files_declare_the_same_template_and_the_same_vmids() -> None:
    first, second = (tomllib.loads((ROOT / "demo" / name).read_text()) for name in ("cluster.toml", "pve-b.toml"))
    assert first["templates"] == second["templates"]
    for name in ("pod_vmids", "template_vmids"):
        assert first["clusters"][0][name] == second["clusters"][0][name]
