// Kafka's own share consumer (KIP-932) against the address that it is given. `words`: what a user does with it, a line for each
// thing that went well. `load SECONDS`: produces and works off under load for so long while somebody kills the server, and tells
// whether a record that was acknowledged came again, or one was lost.
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.serialization.*;

public class KafkaShare {
    static String at;

    static Map<String, Object> common() {
        Map<String, Object> map = new HashMap<>();
        map.put("bootstrap.servers", at);
        return map;
    }
    static KafkaShareConsumer<String, String> consumer(String group, String mode) {
        var config = common();
        config.put("group.id", group);
        config.put("share.acknowledgement.mode", mode);
        return new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }
    static KafkaProducer<String, String> producer() {
        var config = common();
        config.put("delivery.timeout.ms", 60000);
        config.put("request.timeout.ms", 5000);
        config.put("linger.ms", 0);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }
    static void must(boolean that, String what) {
        if (!that) {
            System.out.println("WRONG " + what);
            System.out.flush();
            Runtime.getRuntime().halt(1);
        }
        System.out.println("ok " + what);
    }
    static List<ConsumerRecord<String, String>> poll(KafkaShareConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> all = new ArrayList<>();
        long end = System.nanoTime() + 20_000_000_000L;
        while (all.size() < count && System.nanoTime() < end)
            for (var record : consumer.poll(Duration.ofMillis(200))) all.add(record);
        return all;
    }
    static void begin(Admin admin, String group, String topic, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        Map<TopicPartition, Long> starts = new HashMap<>();
        for (int i = 0; i < partitions; i++) starts.put(new TopicPartition(topic, i), 0L);
        admin.alterShareGroupOffsets(group, starts).all().get();
    }
    static void send(KafkaProducer<String, String> producer, String topic, String... values) throws Exception {
        for (var value : values) producer.send(new ProducerRecord<>(topic, 0, null, value)).get();
    }

    static void explicit(Admin admin, KafkaProducer<String, String> producer) throws Exception {
        begin(admin, "explicit", "explicit", 1);
        send(producer, "explicit", "accept", "release", "reject");
        try (var one = consumer("explicit", "explicit")) {
            one.subscribe(List.of("explicit"));
            for (var record : poll(one, 3)) {
                must(record.deliveryCount().get() == 1, "first delivery of " + record.value());
                one.acknowledge(record, AcknowledgeType.valueOf(record.value().toUpperCase()));
            }
            var stored = one.commitSync();
            must(stored.size() == 1 && stored.values().stream().allMatch(Optional::isEmpty), "explicit commit");
            var again = poll(one, 1);
            must(again.size() == 1 && again.get(0).value().equals("release") && again.get(0).deliveryCount().get() == 2,
                 "a released record comes again with delivery count 2");
            one.acknowledge(again.get(0), AcknowledgeType.RENEW);
            one.commitSync();
            var renewed = poll(one, 1);
            must(renewed.size() == 1 && renewed.get(0).value().equals("release"), "a renewed record is still there");
            one.acknowledge(renewed.get(0), AcknowledgeType.ACCEPT);
            one.commitSync();
            must(admin.describeShareGroups(List.of("explicit")).all().get().get("explicit").members().size() == 1, "describe");
        }
        var offsets = admin.listShareGroupOffsets(Map.of("explicit", new ListShareGroupOffsetsSpec()))
                          .partitionsToOffsetInfo("explicit").get();
        must(offsets.get(new TopicPartition("explicit", 0)).lag().get() == 0, "all is settled");
    }

    static void implicit(Admin admin, KafkaProducer<String, String> producer) throws Exception {
        begin(admin, "implicit", "implicit", 2);
        Set<String> seen = new HashSet<>();
        try (var one = consumer("implicit", "implicit"); var two = consumer("implicit", "implicit")) {
            one.subscribe(List.of("implicit"));
            two.subscribe(List.of("implicit"));
            int repeated = 0, sent = 0;
            Set<String> ofTwo = new HashSet<>();
            long end = System.nanoTime() + 30_000_000_000L;
            while ((seen.size() < 200 || ofTwo.isEmpty()) && System.nanoTime() < end) {
                if (sent < 400 && seen.size() + 50 > sent)
                    for (int i = 0; i < 10; i++) producer.send(new ProducerRecord<>("implicit", sent % 2, null, "v" + sent++)).get();
                for (var record : one.poll(Duration.ofMillis(50))) if (!seen.add(record.value())) repeated++;
                for (var record : two.poll(Duration.ofMillis(50))) {
                    ofTwo.add(record.value());
                    if (!seen.add(record.value())) repeated++;
                }
            }
            must(seen.size() >= 200 && !ofTwo.isEmpty(), "two consumers share a topic");
            must(repeated == 0, "no record is delivered twice");
        }
    }

    static void settings(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic("settings", 1, (short) 1))).all().get();
        var group = new org.apache.kafka.common.config.ConfigResource(org.apache.kafka.common.config.ConfigResource.Type.GROUP, "settings");
        List<AlterConfigOp> set = new ArrayList<>();
        for (var one : Map.of("share.auto.offset.reset", "earliest", "share.isolation.level", "read_committed").entrySet())
            set.add(new AlterConfigOp(new ConfigEntry(one.getKey(), one.getValue()), AlterConfigOp.OpType.SET));
        admin.incrementalAlterConfigs(Map.of(group, set)).all().get();
        var config = common();
        config.put("transactional.id", "settings");
        try (var writes = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            writes.initTransactions();
            for (var value : List.of("aborted", "committed")) {
                writes.beginTransaction();
                writes.send(new ProducerRecord<>("settings", 0, null, value)).get();
                if (value.equals("aborted")) writes.abortTransaction(); else writes.commitTransaction();
            }
            writes.beginTransaction();
            writes.send(new ProducerRecord<>("settings", 0, null, "open")).get();
            try (var one = consumer("settings", "implicit")) {
                one.subscribe(List.of("settings"));
                var read = poll(one, 1);
                for (var record : one.poll(Duration.ofMillis(500))) read.add(record);
                must(read.size() == 1 && read.get(0).value().equals("committed"), "earliest and read_committed are what a group says");
                writes.commitTransaction();
                must(poll(one, 1).get(0).value().equals("open"), "a transaction is read when it is committed");
            }
        }
    }

    static void groups(Admin admin) throws Exception {
        must(admin.listGroups(ListGroupsOptions.forShareGroups()).all().get().stream().anyMatch(g -> g.groupId().equals("implicit")),
             "listed");
        admin.deleteShareGroupOffsets("implicit", Set.of("implicit")).all().get();
        admin.deleteShareGroups(List.of("implicit")).all().get();
        must(admin.listGroups(ListGroupsOptions.forShareGroups()).all().get().stream().noneMatch(g -> g.groupId().equals("implicit")),
             "deleted");
    }

    static final Set<String> settled = ConcurrentHashMap.newKeySet(), written = ConcurrentHashMap.newKeySet();
    static final Queue<String> again = new ConcurrentLinkedQueue<>();
    static volatile boolean producing = true, working = true;

    static void work(String group) {
        try (var one = consumer(group, "explicit")) {
            one.subscribe(List.of("load"));
            Map<TopicIdPartition, Set<String>> said = new HashMap<>();
            while (working) {
                try {
                    said.clear();
                    for (var record : one.poll(Duration.ofMillis(200))) {
                        if (settled.contains(record.value())) again.add(record.value());
                        one.acknowledge(record, AcknowledgeType.ACCEPT);
                        for (var key : List.of(record.partition()))
                            said.computeIfAbsent(new TopicIdPartition(Uuid.ZERO_UUID, key, "load"), k -> new HashSet<>()).add(record.value());
                    }
                    for (var stored : one.commitSync().entrySet()) {
                        if (stored.getValue().isPresent()) continue;
                        for (var of : said.entrySet())
                            if (of.getKey().partition() == stored.getKey().partition()) settled.addAll(of.getValue());
                    }
                    if (!said.isEmpty()) System.out.println("settled " + settled.size());
                } catch (KafkaException failed) {
                    // what was not stored comes again
                }
            }
        }
    }

    static void load(Admin admin, int seconds) throws Exception {
        begin(admin, "load", "load", 2);
        var workers = new ArrayList<Thread>();
        for (int i = 0; i < 2; i++) workers.add(new Thread(() -> work("load")));
        for (var worker : workers) worker.start();
        var producer = producer();
        System.out.println("ready");
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        for (int i = 0; System.nanoTime() < end; i++) {
            String value = "v" + i;
            producer.send(new ProducerRecord<>("load", i % 2, null, value), (at, error) -> { if (error == null) written.add(value); });
            if (i % 20 == 0) Thread.sleep(10);
        }
        producer.flush();
        long patience = System.nanoTime() + 60_000_000_000L;
        while (!settled.containsAll(written) && System.nanoTime() < patience) Thread.sleep(100);
        working = false;
        for (var worker : workers) worker.join(10_000);
        var lost = new HashSet<>(written);
        lost.removeAll(settled);
        System.out.println("written " + written.size() + " settled " + settled.size() + " lost " + lost.size() + " again " + again.size());
    }

    public static void main(String[] args) throws Exception {
        at = args[0];
        try (var admin = Admin.create(common())) {
            if (args[1].equals("words")) {
                try (var producer = producer()) {
                    explicit(admin, producer);
                    implicit(admin, producer);
                    settings(admin);
                    groups(admin);
                }
            } else {
                load(admin, Integer.parseInt(args[2]));
            }
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
