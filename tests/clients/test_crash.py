"""The crash test, short: see tests/crash/crash.py; `make crash` runs it long."""
import sys
import time

import pytest
from conftest import PROGRAM, ROOT

sys.path.insert(0, str(ROOT / "tests/crash"))
from crash import crash  # noqa: E402
from exactly_once import exactly_once  # noqa: E402


@pytest.mark.parametrize("part", [1, 2])
def test_whatever_moment_the_server_is_killed_at_what_it_acknowledged_is_there(part, tmp_path):
    run = crash(PROGRAM, int(time.time()) * 10 + part, 9, tmp_path)
    busy = sum(n > 0 for n in run.outstanding)
    print(f"{len(run.outstanding)} kills, {busy} with requests under way, {run.unanswered_stored} requests stored and unanswered")
    assert busy * 2 >= len(run.outstanding), "most kills met an idle server"
    assert min(run.starts) < 0.2
    assert all(reader.values for reader in run.pushed) and run.carried.objects and run.carried.shards > 4


def test_whatever_moment_the_server_is_killed_at_a_transaction_is_there_as_a_whole_or_not_at_all(tmp_path):
    run = exactly_once(PROGRAM, int(time.time()), 2, tmp_path)
    assert any(run.busy), "no kill met a transaction"
    assert all(worker.committed for worker in run.workers)
