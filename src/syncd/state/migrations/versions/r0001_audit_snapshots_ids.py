"""Create the audit log, the snapshots, the external ids and the circuit states."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables of the first schema."""
    op.create_table(
        "facts",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    _create_audit_log()
    _create_snapshots()
    op.create_table(
        "external_ids",
        *_texts("job", "left_system", "left_id", "right_system", "right_id", "match_key", "first_seen", "gone_since"),
        sa.PrimaryKeyConstraint("job", "left_system", "left_id", "right_system", "right_id", name="pk_external_ids"),
    )
    op.create_index("ix_external_ids_job_right_system_right_id", "external_ids", ["job", "right_system", "right_id"])
    op.create_table(
        "circuits",
        *_texts("system", "state"),
        sa.PrimaryKeyConstraint("system", name="pk_circuits"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _create_audit_log() -> None:
    op.create_table(
        "runs",
        *_texts("id", "job", "mode", "actor", "started", "finished", "result", "error"),
        *_texts("plan_hash", "counts", "sources", "requests", "report"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_job_started", "runs", ["job", "started"])
    op.create_index("ix_runs_started", "runs", ["started"])
    op.create_table(
        "actions",
        *_texts("run"),
        sa.Column("seq", sa.Integer, nullable=False),
        *_texts("action", "kind", "system", "object", "label", "before", "after", "reason", "source"),
        sa.Column("reversible", sa.Boolean, nullable=False),
        *_texts("state", "error", "code", "started_at", "settled_at"),
        sa.Column("found", sa.Text),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        *_texts("created_object"),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_actions"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_actions_run"),
        sa.UniqueConstraint("run", "action", name="uq_actions_run_action"),
    )
    op.create_index("ix_actions_system_object", "actions", ["system", "object"])
    op.create_index("ix_actions_system_created_object", "actions", ["system", "created_object"])


def _create_snapshots() -> None:
    op.create_table(
        "snapshot_meta",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot_meta"),
        sa.UniqueConstraint("scope", name="uq_snapshot_meta_scope"),
    )
    op.create_table(
        "snapshots",
        sa.Column("scope", sa.Integer, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("scope", "object_id", name="pk_snapshots"),
        sa.ForeignKeyConstraint(["scope"], ["snapshot_meta.id"], name="fk_snapshots_scope"),
    )
