import java.io.File;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;

/** Counts words, stops, loses its state on disk and goes on from its changelog: WordCount ADDRESS classic|streams APPLICATION FOLDER. */
public class WordCount {
    static String address, protocol, application, folder;

    public static void main(String[] args) throws Exception {
        address = args[0];
        protocol = args[1];
        application = args[2];
        folder = args[3];
        String lines = application + "-lines", counts = application + "-counts";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            admin.createTopics(List.of(new NewTopic(lines, 3, (short) 1), new NewTopic(counts, 1, (short) 1))).all().get();
            long start = System.nanoTime();
            KafkaStreams first = begin(lines, counts, "a");
            produce(lines, "to be or not to be", "that is the question");
            expect(counts, Map.of("to", 2L, "be", 2L, "or", 1L, "question", 1L));
            seen("the first counts after " + (System.nanoTime() - start) / 1_000_000 + " ms");
            Set<String> topics = admin.listTopics().names().get();
            for (String topic : List.of("words-repartition", "words-changelog"))
                check(topics.contains(application + "-" + topic), topic + " is not among " + topics);
            seen("internal topics");

            KafkaStreams second = begin(lines, counts, "b");
            long end = System.nanoTime() + 60_000_000_000L;
            while (tasks(first) == 6 || tasks(second) == 0 || tasks(first) + tasks(second) != 6 || second.state() != KafkaStreams.State.RUNNING) {
                check(System.nanoTime() < end, "tasks " + tasks(first) + " and " + tasks(second) + " " + second.state());
                Thread.sleep(50);
            }
            seen("two instances share six tasks");
            produce(lines, "to do is to be");
            expect(counts, Map.of("to", 4L, "be", 3L, "is", 2L, "do", 1L));
            seen("counts go on over two instances");
            first.close(Duration.ofSeconds(30));
            second.close(Duration.ofSeconds(30));
            delete(new File(folder));

            KafkaStreams again = begin(lines, counts, "c");
            produce(lines, "be");
            expect(counts, Map.of("be", 4L, "to", 4L));
            seen("counts are restored from the changelog");
            if (protocol.equals("streams")) {
                var told = admin.describeStreamsGroups(List.of(application)).all().get().get(application);
                check(told.groupState().toString().equals("Stable") && told.members().size() >= 1, told.toString());
                seen("the group is described");
            }
            again.close(Duration.ofSeconds(30));
        }
    }

    static KafkaStreams begin(String lines, String counts, String name) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", address);
        settings.put("application.id", application);
        settings.put("group.protocol", protocol);
        settings.put("state.dir", folder + "/" + name);
        settings.put("commit.interval.ms", 100);
        settings.put("statestore.cache.max.bytes", 0);
        settings.put("num.stream.threads", 1);
        settings.put("default.key.serde", Serdes.StringSerde.class);
        settings.put("default.value.serde", Serdes.StringSerde.class);
        if (protocol.equals("classic")) settings.put("heartbeat.interval.ms", 200);
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(lines).flatMapValues(line -> List.of(line.split(" ")))
            .groupBy((key, word) -> word, Grouped.as("words"))
            .count(Materialized.as("words"))
            .toStream().mapValues(count -> "" + count).to(counts);
        KafkaStreams streams = new KafkaStreams(builder.build(settings), settings);
        streams.start();
        return streams;
    }

    static int tasks(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream().mapToInt(thread -> thread.activeTasks().size()).sum();
    }

    static void expect(String topic, Map<String, Long> wanted) {
        Map<String, Long> last = new HashMap<>();
        try (var consumer = new KafkaConsumer<String, String>(Map.of("bootstrap.servers", address), new StringDeserializer(), new StringDeserializer())) {
            var partition = new org.apache.kafka.common.TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = System.nanoTime() + 90_000_000_000L;
            while (!wanted.entrySet().stream().allMatch(one -> one.getValue().equals(last.get(one.getKey())))) {
                check(System.nanoTime() < end, "wanted " + wanted + " and got " + last);
                for (var record : consumer.poll(Duration.ofMillis(100))) last.put(record.key(), Long.valueOf(record.value()));
            }
        }
    }

    static void produce(String topic, String... lines) throws Exception {
        try (var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", address), new StringSerializer(), new StringSerializer())) {
            for (String line : lines) producer.send(new ProducerRecord<>(topic, line)).get();
        }
    }

    static void delete(File file) {
        File[] inside = file.listFiles();
        if (inside != null) for (File one : inside) delete(one);
        file.delete();
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void seen(String what) {
        System.out.println("seen: " + what);
    }
}
