"""Figures of what a Kafka client does beside plain Produce and Fetch: transactions, groups, share groups, compaction, TLS, logins, Metadata.

The generator is one for all contenders (bench/load/kafka_load): frames of its own, and franz-go where a whole client is what is measured. A
contender that lacks a feature has no figure, and what it said stands below the table.
"""
from contenders import Running
from rows import KAFKA_CPU, RATE, Row, drop, fill_big, kafka_load, produce

TRANSACTIONS = [("", "txn_s", "/s"), ("… begin → committed, p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"), ("… CPU", "srv_cpu_us_per_txn", "µs/transaction")]
LOGIN = ["-user", "scramu", "-password", "scram-pw"]   # those that the scripts of bench/peers make


def committed(server, answer):
    """A second client reads what was committed: count, dense offsets, CRCs, hash of all values. Peers are taken at their word."""
    if server.ours():
        kafka_load(server, "verify", "-committed", "-topic", answer["topic"], "-parts", answer["parts"], "-n", answer["stored"], "-hash", answer["hash"])


def transactions(records, producers):
    def run(server, seconds):
        answer = kafka_load(server, "txn", "-recs", records, "-conns", producers, "-parts", producers, "-dur", f"{seconds}s")
        committed(server, answer)
        drop(server, answer["topic"])
        return answer
    return run


def fill_parts(topic, batch):
    return lambda server: kafka_load(server, "raw-produce", "-topic", topic, "-parts", 4, "-batch", batch, "-n", 4_000_000, "-dur", "120s")


def copy(server, seconds):
    answer = kafka_load(server, "copy", "-topic", "source", "-parts", 4, "-batch", 65536, "-dur", f"{seconds}s")
    committed(server, answer)
    drop(server, answer["topic"])
    return answer


def rebalance(protocol):
    def run(name, door, flags, seconds):
        server = Running(name, door, flags)
        try:
            return kafka_load(server, "rebalance", "-n", 50, "-parts", 100, "-protocol", protocol)
        finally:
            server.stop()
    return run


def compact(name, door, flags, seconds):
    server = Running(name, door, flags)
    try:
        return kafka_load(server, "compact", "-n", 1_000_000, "-size", 1000, "-keys", 100_000, "-dur", "60s")
    finally:
        server.stop()


def widen(server):
    for i in range(10):
        kafka_load(server, "raw-produce", "-topic", f"wide-{i}", "-parts", 1000, "-n", 0)


REBALANCE = [(" to a whole first assignment", "first_ms", "ms"), ("… one leaves and one comes", "swap_ms", "ms")]

MORE_ROWS = [
    Row("txn-1", "kafka", "transactions of one record", TRANSACTIONS, transactions(1, 1), says="one producer, one transaction after the other; read back as committed"),
    Row("txn-1-16", "kafka", "… by 16 producers", TRANSACTIONS, transactions(1, 16), says="a partition each"),
    Row("txn-100", "kafka", "transactions of 100 records", TRANSACTIONS, transactions(100, 1), says="one batch of 100 × 100 B"),
    Row("txn-100-16", "kafka", "… by 16 producers", TRANSACTIONS, transactions(100, 16), says="a partition each"),
    Row("copy", "kafka", "exactly-once copy, 64 KiB in a transaction", [("", "rec_s", "records/s"), ("… p50 of a transaction", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"), KAFKA_CPU],
        copy, prepare=fill_parts("source", 65536), says="4 partitions, a copier each: Fetch, Produce, TxnOffsetCommit, EndTxn; 100 B"),
    Row("rebalance-consumer", "kafka", "KIP-848 group of 50 members, 100 partitions", REBALANCE, rebalance("consumer"), alone=True, rounds=1,
        says="franz-go, stock settings; the median of 5 such changes"),
    Row("rebalance-classic", "kafka", "classic group of 50 members, 100 partitions", REBALANCE, rebalance("classic"), alone=True, rounds=1, says="as above"),
    Row("share", "kafka", "share group, 4 members", [("", "rec_s", "records/s"), ("… p50 of a fetch", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"),
                                                     ("… CPU", "srv_cpu_us_per_rec", "µs/record")],
        lambda s, seconds: kafka_load(s, "share", "-topic", "shared", "-parts", 4, "-conns", 4, "-dur", f"{seconds}s"), prepare=fill_parts("shared", 16384),
        says="500 records a fetch, each accepted in the next fetch; 100 B, 4 partitions"),
    Row("compact", "kafka", "compaction of 1 GB, 100,000 keys", [("", "compact_s", "s"), ("… p99 of a producer beside it", "p99_ms", "ms"),
                                                                  ("… its p99 before", "quiet_p99_ms", "ms"), ("… times its p99 before", "times", "×")],
        compact, alone=True, rounds=2, says="1 M × 1 kB, segment.bytes 16 MiB, log.cleaner.backoff.ms 100; one record a millisecond beside it"),
    Row("produce-tls", "kafka", "Produce over TLS, 16 KiB batches of 100 B", RATE, produce("-tls"), secure=True, says="acks=all, 1 connection, 8 in flight, TLS 1.3"),
    Row("fetch-tls", "kafka", "Fetch over TLS, 1 MiB answers", [("", "MB_s", "MB/s"), KAFKA_CPU],
        lambda s, seconds: kafka_load(s, "raw-fetch", "-tls", "-topic", "big", "-dur", f"{seconds}s"), prepare=lambda s: fill_big(s, "-tls"), secure=True,
        says="3 M × 100 B in 16 KiB batches, 8 in flight"),
    Row("scram", "kafka", "SCRAM-SHA-256 logins, 16 at a time", [("", "rec_s", "/s"), ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"),
                                                                 ("… CPU", "srv_cpu_us_per_rec", "µs/request")],
        lambda s, seconds: kafka_load(s, "scram", "-conns", 16, *LOGIN, "-dur", f"{seconds}s"), login=True, flags=["--kafka-user", "scramu:scram-pw"],
        says="a new connection each, without TLS"),
    Row("metadata", "kafka", "Metadata of 10,000 partitions", [("", "rec_s", "/s"), ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"),
                                                               ("… CPU", "srv_cpu_us_per_rec", "µs/request")],
        lambda s, seconds: kafka_load(s, "metadata", "-n", 10_000, "-dur", f"{seconds}s"), prepare=widen, says="10 topics of 1,000, one request in flight"),
]
