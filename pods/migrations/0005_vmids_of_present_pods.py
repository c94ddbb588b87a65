"""Each pod that was ever made gets the hold of its VMID, as long as it had it."""

from django.db import migrations
from django.db.models.functions import Greatest

from core.rows import new_id


def hold(apps, schema_editor):
    pods, holds = apps.get_model("pods", "CloudPod"), apps.get_model("pods", "VmidHold")
    alias = schema_editor.connection.alias
    rows = (
        pods.objects.using(alias)
        .annotate(until=Greatest("gone_at", "created_at"))
        .values("pk", "tenant_id", "cluster_id", "vmid", "created_at", "gone_at", "until")
    )
    holds.objects.using(alias).bulk_create(
        holds(
            id=new_id(),
            tenant_id=row["tenant_id"],
            cluster_id=row["cluster_id"],
            vmid=row["vmid"],
            pod_id=row["pk"],
            taken_at=row["created_at"],
            released_at=row["until"] if row["gone_at"] else None,
        )
        for row in rows.order_by("pk").iterator()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pods", "0004_survive_anything"),
    ]

    operations = [migrations.RunPython(hold, migrations.RunPython.noop)]
