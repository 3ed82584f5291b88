"""Parallel CI: nobody needs a retry under the default limits."""
from concurrent.futures import ThreadPoolExecutor


def test_16_workers_create_describe_and_delete_50_streams_each_without_one_retry(server):
    def work(worker):
        kinesis = server.kinesis(retries=0)
        for i in range(50):
            stream = f"w{worker}-{i}"
            kinesis.create_stream(StreamName=stream, ShardCount=1)
            told = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
            assert told["StreamStatus"] == "ACTIVE" and len(told["Shards"]) == 1
            kinesis.delete_stream(StreamName=stream)
        return 50
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(16))) == 800
    assert server.kinesis().list_streams()["StreamNames"] == []
