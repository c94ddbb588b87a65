"""Every write about pods: one public function an intent, one transaction each; what runs later chooses nothing.

Decides: which functions others may call. Not: what they do (a file each).
"""

from pods.services.create import Size, Wish, create_pod
from pods.services.destroy import destroy_pod

__all__ = ["Size", "Wish", "create_pod", "destroy_pod"]
