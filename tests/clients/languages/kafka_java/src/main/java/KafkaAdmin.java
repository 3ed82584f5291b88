// Sweeps the Java Admin client over a broker of one node, BOOTSTRAP, and prints one line for what it has seen of each call.
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.*;
import org.apache.kafka.common.serialization.*;

public class KafkaAdmin {
    static Admin admin;

    static String refused(KafkaFuture<?> asked) throws Exception {
        try {
            asked.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            return e.getCause().getClass().getSimpleName();
        }
        return "nothing";
    }

    static <T> T of(KafkaFuture<T> asked) throws Exception { return asked.get(60, TimeUnit.SECONDS); }

    static void alter(ConfigResource resource, String key, String value, OpType type) throws Exception {
        of(admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(key, value), type)))).all());
    }

    static String told(ConfigResource resource, String key) throws Exception {
        var asked = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        var entry = of(admin.describeConfigs(List.of(resource), asked).all()).get(resource).get(key);
        return entry.value() + " " + entry.source() + " " + entry.synonyms().size();
    }

    static void produce(String at, String topic, int count) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", at, "linger.ms", 5);
        try (var producer = new KafkaProducer<String, String>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; ++i) producer.send(new ProducerRecord<>(topic, 0, "k" + i, "v" + i));
        }
    }

    static void topics(String at) throws Exception {
        of(admin.createTopics(List.of(new NewTopic("a", 3, (short) 1).configs(Map.of("retention.ms", "600000")))).all());
        produce(at, "a", 100);
        var described = of(admin.describeTopics(List.of("a")).allTopicNames()).get("a");
        System.out.println("topic " + described.partitions().size() + " " + described.partitions().get(0).isr().size());
        System.out.println("unknown topic " + refused(admin.describeTopics(List.of("zzz")).allTopicNames()));
        var dirs = of(admin.describeLogDirs(List.of(1)).allDescriptions()).get(1).values().iterator().next();
        var size = dirs.replicaInfos().get(new TopicPartition("a", 0)).size();
        System.out.println("log dir " + (size > 0) + " " + (dirs.totalBytes().orElse(0) >= dirs.usableBytes().orElse(1)));
        of(admin.createPartitions(Map.of("a", NewPartitions.increaseTo(4))).all());
        var p = new TopicPartition("a", 0);
        System.out.println("deleted to " + of(admin.deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(40))).all().thenApply(x -> 0)) +
                " " + of(admin.listOffsets(Map.of(p, OffsetSpec.earliest())).partitionResult(p)).offset());
        System.out.println("beyond the end " + refused(admin.deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(999))).all()));
        var elected = of(admin.electLeaders(ElectionType.PREFERRED, Set.of(p)).partitions()).get(p);
        System.out.println("election " + elected.map(e -> e.getClass().getSimpleName()).orElse("held"));
        System.out.println("reassignment " + refused(admin.alterPartitionReassignments(
                Map.of(p, Optional.of(new NewPartitionReassignment(List.of(7))))).all()));
        System.out.println("reassignments " + of(admin.listPartitionReassignments().reassignments()).size());
        System.out.println("moved " + refused(admin.alterReplicaLogDirs(
                Map.of(new TopicPartitionReplica("a", 0, 1), "/nope")).all()));
    }

    static void configs() throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, "a");
        alter(topic, "cleanup.policy", "compact", OpType.APPEND);
        System.out.println("policy " + told(topic, "cleanup.policy"));
        alter(topic, "cleanup.policy", "compact", OpType.SUBTRACT);
        alter(topic, "cleanup.policy", "", OpType.DELETE);
        System.out.println("policy " + told(topic, "cleanup.policy"));
        var broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        alter(broker, "log.cleaner.threads", "2", OpType.SET);
        System.out.println("broker " + told(broker, "log.cleaner.threads"));
        alter(broker, "log.cleaner.threads", "", OpType.DELETE);
        System.out.println("fixed " + refused(admin.incrementalAlterConfigs(
                Map.of(broker, List.of(new AlterConfigOp(new ConfigEntry("node.id", "3"), OpType.SET)))).all()));
        var group = new ConfigResource(ConfigResource.Type.GROUP, "g");
        alter(group, "consumer.session.timeout.ms", "50000", OpType.SET);
        System.out.println("group " + told(group, "consumer.session.timeout.ms"));
        var metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "m");
        alter(metrics, "interval.ms", "1000", OpType.SET);
        System.out.println("metrics " + told(metrics, "interval.ms"));
        var kinds = new TreeSet<String>();
        for (var one : of(admin.listConfigResources(Set.of(), new ListConfigResourcesOptions()).all())) kinds.add(one.type() + ":" + one.name());
        System.out.println("resources " + kinds);
        alter(metrics, "interval.ms", "", OpType.DELETE);
        alter(group, "consumer.session.timeout.ms", "", OpType.DELETE);
    }

    static void groups(String at) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", at, "group.id", "readers", "auto.offset.reset", "earliest",
                "enable.auto.commit", false);
        var p = new TopicPartition("a", 0);
        try (var consumer = new KafkaConsumer<String, String>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of("a"));
            for (int i = 0; i < 100 && consumer.poll(java.time.Duration.ofMillis(200)).isEmpty(); ++i) {}
            consumer.commitSync(Map.of(p, new OffsetAndMetadata(50)));
            var listed = of(admin.listGroups(new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))).all());
            System.out.println("stable " + listed.stream().anyMatch(g -> g.groupId().equals("readers")));
            System.out.println("subscribed " + refused(admin.deleteConsumerGroupOffsets("readers", Set.of(p)).partitionResult(p)));
            System.out.println("in use " + refused(admin.deleteConsumerGroups(List.of("readers")).all()));
        }
        var described = of(admin.describeConsumerGroups(List.of("readers")).all()).get("readers");
        System.out.println("group " + described.groupState() + " " + described.members().size());
        System.out.println("committed " + of(admin.listConsumerGroupOffsets("readers").partitionsToOffsetAndMetadata()).get(p).offset());
        of(admin.alterConsumerGroupOffsets("readers", Map.of(p, new OffsetAndMetadata(45))).all());
        of(admin.deleteConsumerGroupOffsets("readers", Set.of(p)).partitionResult(p));
        of(admin.deleteConsumerGroups(List.of("readers")).all());
        System.out.println("gone " + refused(admin.describeConsumerGroups(List.of("readers")).all()));
    }

    static void cluster() throws Exception {
        System.out.println("nodes " + of(admin.describeCluster().nodes()).size());
        var features = of(admin.describeFeatures().featureMetadata());
        System.out.println("metadata.version " + features.finalizedFeatures().get("metadata.version").maxVersionLevel());
        var update = new FeatureUpdate((short) 99, FeatureUpdate.UpgradeType.UPGRADE);
        System.out.println("feature " + refused(admin.updateFeatures(Map.of("metadata.version", update), new UpdateFeaturesOptions()).all()));
        var quorum = of(admin.describeMetadataQuorum().quorumInfo());
        System.out.println("quorum " + quorum.leaderId() + " " + quorum.voters().size());
        System.out.println("unregistered " + refused(admin.unregisterBroker(9).all()));
        System.out.println("voter " + refused(admin.removeRaftVoter(9, Uuid.randomUuid()).all()));
    }

    public static void main(String[] args) throws Exception {
        admin = Admin.create(Map.of("bootstrap.servers", args[0], "request.timeout.ms", 30000, "default.api.timeout.ms", 60000));
        cluster();
        topics(args[0]);
        configs();
        groups(args[0]);
        of(admin.deleteTopics(List.of("a")).all());
        System.out.println("topics " + of(admin.listTopics().names()));
        admin.close();
    }
}
