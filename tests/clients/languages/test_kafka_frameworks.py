"""What stands on Kafka's clients: Spring for Apache Kafka and Flink's Kafka connector. With KAFKA_PEER=HOST:PORT the same
meets another Kafka."""
from confluent_kafka import Producer
from test_kafka_connect import UNIQUE, committed, kafka_at   # noqa: F401 (a fixture)
from test_languages import needs, prepared, run


def test_spring_listens_retries_puts_aside_and_copies_in_transactions(kafka_at):   # noqa: F811
    needs("java", "mvn")
    folder = prepared("kafka_spring", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-Xmx256m", "-cp", "target/classes:lib/*", "SpringKafka", kafka_at, f"-{UNIQUE}", seconds=400)
    assert told.count("seen: ") == 26, told


def test_a_flink_job_that_fails_in_the_middle_copies_each_record_once(kafka_at):   # noqa: F811
    needs("java", "mvn")
    folder = prepared("flink_kafka", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    source, target = f"flink-from-{UNIQUE}", f"flink-to-{UNIQUE}"
    producer = Producer({"bootstrap.servers": kafka_at})
    for n in range(1000):
        producer.produce(source, value=b"%d" % n)
    assert producer.flush(30) == 0
    opens = [word for name in ("java.util", "java.lang", "java.time") for word in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
    told = run(folder, "java", "-Xmx512m", *opens, "-cp", "target/classes:lib/*", "FlinkCopy", kafka_at, source, target, seconds=400)
    assert "seen: the job is done" in told
    assert sorted(int(message.value()) for message in committed(kafka_at, target, 1000)) == list(range(1000))
