"""The data folder at start (rule 29): what cannot be used is refused in one line that says what to do.

File systems of other machines (9p, fuse, nfs, smb) cannot be mounted here: tests/storage/lmdb_test.cpp tries those by their
numbers. The full and the read-only one are real mounts in a mount namespace of the server's own.
"""
import os
import shutil
import subprocess
import time

import pytest

from conftest import PROGRAM, Server, read_shard, until
from test_words import ANY, run


def may_mount():
    return os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


mounts = pytest.mark.skipif(not may_mount(), reason="mounting needs root and a mount namespace")


def on_mount(folder, how, *command):
    """Runs a command where `folder` is a mount of its own; it is gone with the command."""
    return subprocess.run(["unshare", "--mount", "sh", "-c", f'{how} && exec "$@"', "sh", *map(str, command)],
                          capture_output=True, text=True, timeout=20)


def refusal(done):
    assert (done.returncode, done.stdout) == (1, ""), done
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr.strip()


def test_a_folder_that_cannot_be_written_names_uid_gid_and_the_command(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    os.chmod(tmp_path, 0o755)
    uid, gid = (10001, 10002) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    here = "/" if os.geteuid() == 0 else None
    for parent in tmp_path.parents:   # pytest keeps its folders for their owner
        if parent.stat().st_uid == os.geteuid() and str(parent).startswith("/tmp/"):
            os.chmod(parent, 0o755)
    program = tmp_path / "sluice"   # the checkout may lie where that user cannot go
    shutil.copy(PROGRAM, program)
    done = subprocess.run([str(program), "serve", *ANY, "--data", str(folder)], capture_output=True, text=True, timeout=20, cwd=here,
                          **({"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}))
    assert refusal(done) == (f"sluice: data folder {folder} cannot be written by uid {uid} gid {gid}: run `sudo chown -R {uid}:{gid} {folder}`, "
                             "give --data another folder, or use --ephemeral")


@mounts
def test_a_read_only_file_system_is_named_as_such(tmp_path):
    done = on_mount(tmp_path, f"mount -t tmpfs -o ro none {tmp_path}", PROGRAM, "serve", *ANY, "--data", tmp_path)
    assert refusal(done) == (f"sluice: data folder {tmp_path} is on a read-only file system (uid 0 gid 0): mount a volume there, "
                             "give --data another folder, or use --ephemeral")


@mounts
def test_a_full_disk_is_named_with_what_is_free_and_what_is_needed(tmp_path):
    done = on_mount(tmp_path, f"mount -t tmpfs -o size=8m none {tmp_path}", PROGRAM, "serve", *ANY, "--data", tmp_path)
    assert refusal(done) == (f"sluice: data folder {tmp_path} has only 8188 KiB of free disk, at least 16384 are needed: free some, "
                             "or give --data another folder")


def test_a_second_server_names_the_first_ones_pid(durable):
    done = run("serve", *ANY, "--data", durable.folder)
    assert refusal(done) == (f"sluice: data folder {durable.folder} is in use by the server with pid {durable.process.pid}: "
                             "stop that one, or give --data another folder")


def test_what_is_not_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    assert refusal(run("serve", *ANY, "--data", tmp_path / "file")).endswith(
        "give --data another folder, or use --ephemeral")


def test_a_start_does_not_speak_of_what_had_expired_before_the_stop(tmp_path):
    server = Server(tmp_path / "data")
    server.words("clock", "freeze")
    server.words("clock", "set", "2040-01-01T00:00:10Z")
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.put_record(StreamName="orders", Data=b"0", PartitionKey="k")
    server.words("clock", "advance", "86420s")   # over by ten seconds, and the store is told on the full minute only
    server.stop()
    server.start()
    assert read_shard(server.kinesis(), "orders") == []
    server.stop()
    assert server.process.stderr.read() == ""


def test_a_start_on_expired_data_says_how_much_and_how_it_is_kept_and_then_it_is(tmp_path):
    """At a million virtual seconds a second, 30 days of retention pass in 2.6 s of the server being down."""
    server = Server(tmp_path / "data")
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=720)
    kinesis.put_records(StreamName="orders", Records=[{"Data": b"%d" % n, "PartitionKey": "k"} for n in range(3)])
    server.words("clock", "rate", "1000000")
    server.kill()
    down = time.monotonic()
    until(lambda: time.monotonic() - down > 2.7, what="30 days to pass")
    server.start()
    server.words("clock", "rate", "1")
    assert read_shard(server.kinesis(), "orders") == []
    server.stop()
    assert [line.split(" ", 1)[1] for line in server.process.stderr.read().splitlines()] == [
        "3 records of 1 stream outlived the retention while the server was down and will be dropped in a minute; to keep that, "
        "stop the server before and start it with --clock resume, which goes on at the moment it stopped"]
    server.flags = ("--clock", "resume")
    server.start()
    server.words("clock", "rate", "1")
    assert [r["Data"] for r in read_shard(server.kinesis(), "orders")] == [b"0", b"1", b"2"]
    server.stop()
    assert server.process.stderr.read() == ""
