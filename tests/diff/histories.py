"""Draws one history: a walk over what clients ask, sometimes rightly and sometimes wrongly. A seed draws the same steps again as
long as the servers answer the same."""

from draws_admin import Admin
from draws_batches import Batches
from draws_groups import Groups
from draws_logs import Logs
from draws_members import Members


class History(Logs, Batches, Groups, Members, Admin):
    themes = {
        "logs": [
            ("produce", 5),
            ("fetch", 4),
            ("parked_fetch", 1),
            ("list_offsets", 3),
            ("delete_records", 2),
            ("offset_for_leader_epoch", 1),
            ("create_partitions", 1),
        ],
        "topics": [
            ("create_topics", 2),
            ("delete_topics", 1),
            ("create_partitions", 2),
            ("metadata", 2),
            ("describe_topic_partitions", 1),
        ],
        "transactions": [
            ("init_producer", 2),
            ("produce", 4),
            ("add_partitions", 2),
            ("add_offsets", 1),
            ("txn_offset_commit", 2),
            ("end_txn", 3),
            ("describe_transactions", 1),
            ("list_transactions", 1),
            ("describe_producers", 1),
            ("fetch", 2),
            ("overdue", 0.3),
            ("list_offsets", 1),
            ("offset_fetch", 1),
        ],
        "classic": [
            ("join", 4),
            ("two_members", 0.6),
            ("sync", 2),
            ("heartbeat", 2),
            ("leave", 1),
            ("offset_commit", 3),
            ("offset_fetch", 2),
            ("describe_groups", 2),
            ("list_groups", 1),
            ("delete_groups", 1),
            ("offset_delete", 1),
            ("find_coordinator", 1),
        ],
        "consumer": [
            ("consumer_heartbeat", 6),
            ("offset_commit", 2),
            ("offset_fetch", 2),
            ("describe_groups", 2),
            ("list_groups", 1),
            ("delete_groups", 1),
            ("offset_delete", 1),
        ],
        "share": [
            ("share_heartbeat", 5),
            ("share_offsets", 3),
            ("describe_groups", 2),
            ("list_groups", 1),
            ("delete_groups", 1),
            ("offset_commit", 1),
            ("produce", 1),
        ],
        "settings": [("describe_configs", 3), ("alter_configs", 4), ("list_config_resources", 1)],
        "security": [("acls", 3), ("quotas", 2), ("scram", 2), ("tokens", 1)],
        "cluster": [("cluster", 1)],
        "batches": [("produce_odd", 6), ("topic_for_batches", 1), ("read_back", 2), ("odd_offsets", 2)],
        "sessions": [("fetch_in_session", 6), ("produce", 2), ("delete_records", 0.5)],
        "edges": [("odd_offsets", 2), ("odd_epochs", 2), ("odd_fetch", 3), ("produce", 2), ("delete_records", 1)],
        "oddities": [("odd_settings", 6), ("odd_partitions", 2), ("produce_odd", 1)],
        "overdue": [("overdue_classic", 1), ("overdue_modern", 1), ("offset_fetch", 1), ("describe_groups", 1)],
        "streams": [
            ("streams_heartbeat", 6),
            ("describe_groups", 2),
            ("list_groups", 1),
            ("delete_groups", 1),
            ("offset_commit", 1),
        ],
        "queues": [("share_step", 8), ("produce", 3), ("end_txn", 0.5)],
    }

    # Drawn only where `--themes` names them: they show differences that nobody has looked into yet.
    apart = {"overdue", "queues", "streams"}

    def play(self, only=None):
        self.groups = [f"{self.prefix}g0", f"{self.prefix}g1"]
        themes = only or self.draw.sample(sorted(set(self.themes) - self.apart), 2)
        self.pair.lines.append("# " + ", ".join(themes))
        actions = [action for theme in themes for action in self.themes[theme]]
        self.create_topics()
        for _ in range(self.draw.randint(10, 35)):
            getattr(self, self.draw.choices([a for a, _ in actions], [w for _, w in actions])[0])()
