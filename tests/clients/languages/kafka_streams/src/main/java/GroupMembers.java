import java.time.Duration;
import java.util.*;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

/** Consumers of Apache Kafka's own client share a topic: GroupMembers ADDRESS classic|consumer GROUP. Prints a line for each thing seen. */
public class GroupMembers {
    static String address, protocol, group;
    static final List<KafkaConsumer<String, String>> members = new ArrayList<>();
    static final List<String> read = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        address = args[0];
        protocol = args[1];
        group = args[2];
        String topic = group + "-topic";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1))).all().get();
            int[][] wanted = {{4}, {2, 2}, {1, 1, 2}};
            for (int[] shares : wanted) {
                long start = System.nanoTime();
                join(topic, null);
                poll(() -> Arrays.equals(shares(), shares));
                seen(shares.length + " members after " + (System.nanoTime() - start) / 1_000_000 + " ms");
            }
            produce(topic, 0, 100);
            poll(() -> read.size() == 100);
            for (var member : members) member.commitSync();
            seen("100 records");
            long total = 0;
            for (var offset : admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values()) total += offset.offset();
            check(total == 100, "committed " + total);
            var told = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
            check(told.groupState().toString().equals("Stable") && told.members().size() == 3, told.toString());
            check(told.type().toString().equalsIgnoreCase(protocol), told.toString());
            members.remove(2).close();
            poll(() -> Arrays.equals(shares(), new int[] {2, 2}));
            seen("the share of one who left");
            produce(topic, 100, 150);
            poll(() -> read.size() == 150);
            check(new HashSet<>(read).size() == 150, "a record was read twice");
            for (var member : members) member.close();
            long end = System.nanoTime() + 10_000_000_000L;
            while (!admin.describeConsumerGroups(List.of(group)).all().get().get(group).groupState().toString().equals("Empty"))
                check(System.nanoTime() < end, "the group is not empty");
            admin.deleteConsumerGroups(List.of(group)).all().get();
            seen("the group is deleted");
        }
    }

    static void join(String topic, String instance) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "group.id", group, "group.protocol", protocol,
            "auto.offset.reset", "earliest", "enable.auto.commit", "true", "key.deserializer", StringDeserializer.class,
            "value.deserializer", StringDeserializer.class));
        if (protocol.equals("classic")) settings.put("heartbeat.interval.ms", 200);
        if (instance != null) settings.put("group.instance.id", instance);
        KafkaConsumer<String, String> member = new KafkaConsumer<>(settings);
        member.subscribe(List.of(topic));
        members.add(member);
    }

    static void poll(BooleanSupplier done) {
        long end = System.nanoTime() + 60_000_000_000L;
        do {
            check(System.nanoTime() < end, "waited too long: " + Arrays.toString(shares()) + " " + read.size());
            for (var member : members)
                for (var record : member.poll(Duration.ofMillis(5))) read.add(record.value());
        } while (!done.getAsBoolean());
    }

    static int[] shares() {
        return members.stream().mapToInt(member -> member.assignment().size()).sorted().toArray();
    }

    static void produce(String topic, int from, int to) throws Exception {
        try (var producer = new KafkaProducer<String, String>(Map.of("bootstrap.servers", address), new StringSerializer(), new StringSerializer())) {
            for (int i = from; i < to; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, "" + i)).get();
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void seen(String what) {
        System.out.println("seen: " + what);
    }
}
