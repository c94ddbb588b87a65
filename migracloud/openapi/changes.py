"""The routes that resize, rename and move a pod, and those of its snapshots, in words.

Decides: what the document says of each. Not: what the members of their bodies mean (words.py).
"""

from __future__ import annotations

from migracloud.openapi import examples
from migracloud.openapi.begun import (
    ATTENTION,
    BUSY,
    DELETED,
    OF_A_QUERY,
    OF_A_VERB,
    POD,
    PODS,
    REASON,
    STAFF,
    THERE_IS_NONE,
    begins,
)
from migracloud.openapi.problems import INVALID, told
from migracloud.openapi.route import Route, path_parameter
from pods import refusals
from pods.api_change import MoveSerializer, RenameSerializer, ResizeSerializer
from pods.api_power import StopSerializer
from pods.api_snapshots import NewSnapshot, SnapshotsOfPod
from pods.kinds.delete_snapshot import DELETE_SNAPSHOT
from pods.kinds.move import MOVE
from pods.kinds.rename import RENAME
from pods.kinds.resize import RESIZE
from pods.kinds.rollback import ROLLBACK
from pods.kinds.snapshot import SNAPSHOT
from pods.models import HostnameTaken, SnapshotTaken

NAME = path_parameter("name", "The snapshot's name.", "before-upgrade")
NO_SUCH = told(refusals.NoSuchSnapshot)
NOTHING = told(refusals.NothingToChange)

ROUTES_OF_CHANGES: dict[str, Route] = {
    "pod.resize": begins(
        RESIZE,
        id="resize_pod",
        summary="Resize a pod",
        description="Gives the pod another size; what is left out stays as it is. It applies while the pod runs; what "
        "cannot is named by `pending` until its next boot. The disk only grows, and a disk that has grown stays so "
        "even if the rest fails. Until the operation ends, the larger of both sizes counts against the quota.",
        body=ResizeSerializer,
        body_examples={
            "More memory": {"memory_mib": 4096},
            "All of it": {"cores": 4, "memory_mib": 4096, "swap_mib": 512, "disk_gib": 20, "reason": "a larger plan"},
        },
        refusals=(
            *OF_A_VERB,
            NOTHING,
            told(refusals.TooSmall),
            told(refusals.TooLarge),
            told(refusals.DiskOnlyGrows),
            told(refusals.QuotaExceeded),
            told(refusals.NoCapacity),
        ),
    ),
    "pod.rename": begins(
        RENAME,
        id="rename_pod",
        summary="Rename a pod",
        description="Gives the pod another host name. What of it counts from the next boot only is named by `pending`. "
        "Until the operation ends, it holds both names.",
        body=RenameSerializer,
        body_examples={"A name": {"hostname": "shop"}},
        refusals=(*OF_A_VERB, NOTHING, told(refusals.BadHostname), told(HostnameTaken)),
    ),
    "pod.move": begins(
        MOVE,
        id="move_pod",
        summary="Move a pod to another node",
        description="For the platform's token. Stops the pod, brings it with its disk to another node of its cluster, "
        "and starts it there if it ran. A node is chosen unless one is named. The body may be left out.",
        body=MoveSerializer,
        body_examples={"Anywhere": {"reason": "node pve is to be serviced"}, "To a node": {"node": "pve-02"}},
        refusals=(*OF_A_VERB, STAFF, told(refusals.UnknownChoice), told(refusals.CannotMove)),
    ),
    "pod.snapshots": Route(
        id="list_snapshots",
        tag=PODS,
        summary="List a pod's snapshots",
        description="All snapshots of the pod, newest first. There are few: they come without pages.",
        parameters=(POD,),
        answer=SnapshotsOfPod,
        answered="Its snapshots.",
        example={"snapshots": [examples.SNAPSHOT]},
        refusals=(INVALID, THERE_IS_NONE),
    ),
    "pod.take_snapshot": begins(
        SNAPSHOT,
        id="take_snapshot",
        summary="Take a snapshot of a pod",
        description="Keeps the pod's disk and configuration as they are now, beside it on its storage: it is no backup "
        "and goes with the pod. The pod may run meanwhile; what its programs have not written yet is not in it.",
        body=NewSnapshot,
        body_examples={"Before an upgrade": {"name": "before-upgrade", "description": "PHP 8.1 still works here"}},
        refusals=(*OF_A_VERB, told(refusals.BadSnapshotName), told(SnapshotTaken), told(refusals.TooManySnapshots)),
    ),
    "pod.delete_snapshot": begins(
        DELETE_SNAPSHOT,
        id="delete_snapshot",
        summary="Delete a snapshot",
        description="Gives back the room that the snapshot takes. The pod stays as it is. **It cannot be undone.**",
        parameters=(NAME, REASON),
        refusals=(*OF_A_QUERY, BUSY, DELETED, ATTENTION, NO_SUCH),
    ),
    "pod.rollback": begins(
        ROLLBACK,
        id="roll_back",
        summary="Go back to a snapshot",
        description="Stops the pod, makes its disk what it was when the snapshot was taken, and starts it again if it "
        "ran. **What was written since then is lost.** Its size, its name and its keys stay as they are now. Only to "
        "the newest snapshot it can be gone back: delete newer ones first. The body may be left out.",
        parameters=(NAME,),
        body=StopSerializer,
        body_examples={"With a reason": {"reason": "the upgrade has failed"}},
        refusals=(*OF_A_VERB, NO_SUCH, told(refusals.SnapshotNotNewest)),
    ),
}
