import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Apache Kafka's own client, which speaks KIP-890: transactions, an exactly-once copy, fencing, and what its admin client shows. */
public final class KafkaTransactions {
    static String at;

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
        System.out.println("seen: " + what);
    }

    static KafkaProducer<String, String> producer(String id) {
        var made = new KafkaProducer<String, String>(Map.of("bootstrap.servers", at, "transactional.id", id),
            new StringSerializer(), new StringSerializer());
        made.initTransactions();
        return made;
    }

    static KafkaConsumer<String, String> consumer(String group, String isolation) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", at, "group.id", group, "isolation.level", isolation,
            "auto.offset.reset", "earliest", "enable.auto.commit", false), new StringDeserializer(), new StringDeserializer());
    }

    /** All values of one partition up to where readers of this isolation stand. */
    static List<String> values(String topic, String isolation) {
        var partition = new TopicPartition(topic, 0);
        var values = new ArrayList<String>();
        try (var consumer = consumer("values", isolation)) {
            consumer.assign(Set.of(partition));
            consumer.seekToBeginning(Set.of(partition));
            long end = consumer.endOffsets(Set.of(partition)).get(partition);
            while (consumer.position(partition) < end) consumer.poll(Duration.ofMillis(100)).forEach(r -> values.add(r.value()));
        }
        return values;
    }

    static void commitAndAbort() {
        try (var producer = producer("writer")) {
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("one", 0, "k", "a"));
            producer.flush();
            check(values("one", "read_committed").isEmpty(), "nothing of an open transaction");
            check(values("one", "read_uncommitted").equals(List.of("a")), "an open transaction by who reads uncommitted data");
            producer.commitTransaction();
            for (String end : List.of("abort", "commit", "abort")) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>("one", 0, "k", end));
                if (end.equals("abort")) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
            check(values("one", "read_committed").equals(List.of("a", "commit")), "what was committed");
            check(values("one", "read_uncommitted").equals(List.of("a", "abort", "commit", "abort")), "all of it");
        }
    }

    static void exactlyOnceCopy() {
        try (var producer = producer("filler")) {
            producer.beginTransaction();
            for (int i = 0; i < 500; i++) producer.send(new ProducerRecord<>("source", 0, "k", "v" + i));
            producer.commitTransaction();
        }
        int copied = 0, turn = 0;
        while (copied < 500) {   // each third one is given up, and done again by a new member
            try (var producer = producer("copier"); var consumer = consumer("copiers", "read_committed")) {
                consumer.subscribe(List.of("source"));
                while (copied < 500) {
                    var records = consumer.poll(Duration.ofMillis(200));
                    if (records.isEmpty()) continue;
                    producer.beginTransaction();
                    var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
                    int taken = 0;
                    for (var record : records) {
                        if (++taken > 70) break;
                        producer.send(new ProducerRecord<>("copy", 0, record.key(), record.value()));
                        offsets.put(new TopicPartition("source", 0), new OffsetAndMetadata(record.offset() + 1));
                    }
                    producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                    if (++turn % 3 == 0) {
                        producer.abortTransaction();
                        break;
                    }
                    producer.commitTransaction();
                    copied += Math.min(taken, 70);
                    var next = offsets.get(new TopicPartition("source", 0)).offset();
                    consumer.seek(new TopicPartition("source", 0), next);
                }
            }
        }
        var wanted = new ArrayList<String>();
        for (int i = 0; i < 500; i++) wanted.add("v" + i);
        check(values("copy", "read_committed").equals(wanted), "an exactly-once copy over aborts");
    }

    static void fencing() {
        try (var first = producer("same")) {
            first.beginTransaction();
            first.send(new ProducerRecord<>("two", 0, "k", "lost"));
            first.flush();
            try (var second = producer("same")) {
                second.beginTransaction();
                second.send(new ProducerRecord<>("two", 0, "k", "kept"));
                second.commitTransaction();
            }
            boolean fenced = false;
            try {
                first.commitTransaction();
            } catch (ProducerFencedException | InvalidProducerEpochException e) {
                fenced = true;
            }
            check(fenced, "that a producer was fenced off");
            check(values("two", "read_committed").equals(List.of("kept")), "what the second one wrote");
        }
    }

    static void tools(Admin admin) throws Exception {
        var partition = new TopicPartition("three", 0);
        try (var producer = producer("hanging")) {
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("three", 0, "k", "hangs"));
            producer.flush();
            var listed = admin.listTransactions().all().get().stream().filter(t -> t.transactionalId().equals("hanging")).toList();
            check(listed.size() == 1 && listed.get(0).state() == TransactionState.ONGOING, "an open transaction in the list");
            var told = admin.describeTransactions(List.of("hanging")).description("hanging").get();
            check(told.topicPartitions().equals(Set.of(partition)), "the partitions of a transaction");
            var writer = admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers().get(0);
            check(writer.currentTransactionStartOffset().getAsLong() == 0, "where a transaction begins");
            admin.abortTransaction(new AbortTransactionSpec(partition, writer.producerId(), (short) writer.producerEpoch(),
                writer.coordinatorEpoch().orElse(0))).all().get();
            check(values("three", "read_committed").isEmpty() && values("three", "read_uncommitted").size() == 1,
                "that a tool ended it");
        }
    }

    public static void main(String[] args) throws Exception {
        at = args[0];
        try (var admin = Admin.create(Map.of("bootstrap.servers", at))) {
            admin.createTopics(List.of("one", "two", "three", "source", "copy").stream().map(n -> new NewTopic(n, 1, (short) 1)).toList()).all().get();
            var level = admin.describeFeatures().featureMetadata().get().finalizedFeatures().get("transaction.version");
            check(level.maxVersionLevel() == 2, "transactions of KIP-890");
            commitAndAbort();
            exactlyOnceCopy();
            fencing();
            tools(admin);
        }
    }
}
