// The questions that consoles written in Java ask for their pages, in the order in which they ask them: a cluster's page, topics with sizes and
// counts, groups with lag, one topic's settings and messages, rules, quotas, users, transactions. One line is printed for what each page shows.
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.*;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.*;

public class ConsolePages {
    static Admin admin;
    static String at;

    static <T> T of(KafkaFuture<T> asked) throws Exception { return asked.get(60, TimeUnit.SECONDS); }

    static KafkaConsumer<String, String> consumer(String group, String protocol) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", at, "auto.offset.reset", "earliest", "enable.auto.commit", false,
                "max.poll.records", 20));
        if (group != null) settings.putAll(Map.of("group.id", group, "group.protocol", protocol));
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    // Two topics of 100 records in two partitions, a transaction that is open, and what is to be found on the other pages.
    static KafkaProducer<String, String> fill() throws Exception {
        of(admin.createTopics(List.of(new NewTopic("orders", 2, (short) 1).configs(Map.of("retention.ms", "3600000")),
                new NewTopic("payments", 2, (short) 1).configs(Map.of("cleanup.policy", "compact")))).all());
        var settings = Map.<String, Object>of("bootstrap.servers", at, "transactional.id", "writer");
        var producer = new KafkaProducer<String, String>(settings, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        producer.beginTransaction();
        for (int n = 0; n < 200; ++n) {
            long moment = 1_700_000_000_000L + n * 1000;
            producer.send(new ProducerRecord<>(n % 2 == 0 ? "orders" : "payments", n / 2 % 2, moment, "k" + n, "value " + n));
        }
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("orders", 1, "open", "open"));
        producer.flush();
        of(admin.createAcls(List.of(new AclBinding(new ResourcePattern(ResourceType.TOPIC, "pay", PatternType.PREFIXED),
                new AccessControlEntry("User:bob", "*", AclOperation.READ, AclPermissionType.ALLOW)))).all());
        of(admin.alterClientQuotas(List.of(new ClientQuotaAlteration(new ClientQuotaEntity(Map.of("client-id", "quick")),
                List.of(new ClientQuotaAlteration.Op("producer_byte_rate", 1e6))))).all());
        of(admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("carol",
                new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192), "pw"))).all());
        return producer;
    }

    static void cluster() throws Exception {
        var described = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
        var node = of(described.nodes()).iterator().next();
        var operations = of(described.authorizedOperations());
        System.out.println("cluster " + of(described.nodes()).size() + " controller " + (of(described.controller()).id() == node.id()) + " "
                + (operations == null ? 0 : operations.size()));
        var resource = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
        var settings = of(admin.describeConfigs(List.of(resource)).all()).get(resource);
        System.out.println("broker " + settings.get("num.partitions").value() + " " + settings.get("log.retention.hours").value() + " "
                + settings.entries().stream().filter(one -> one.name().startsWith("log.")).count());
        System.out.println("features " + of(admin.describeFeatures().featureMetadata()).finalizedFeatures().keySet().stream().sorted().toList());
        System.out.println("quorum " + of(admin.describeMetadataQuorum().quorumInfo()).voters().size());
    }

    static void topics() throws Exception {
        var listed = of(admin.listTopics(new ListTopicsOptions().listInternal(true)).listings());
        System.out.println("listed " + listed.stream().map(one -> one.name() + (one.isInternal() ? " (internal)" : "")).sorted().toList());
        var names = listed.stream().map(TopicListing::name).toList();
        var described = of(admin.describeTopics(names, new DescribeTopicsOptions().includeAuthorizedOperations(true)).allTopicNames());
        var resources = names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
        var settings = of(admin.describeConfigs(resources, new DescribeConfigsOptions().includeSynonyms(true)).all());
        Map<TopicPartition, OffsetSpec> first = new HashMap<>(), last = new HashMap<>();
        described.values().forEach(topic -> topic.partitions().forEach(one -> {
            first.put(new TopicPartition(topic.name(), one.partition()), OffsetSpec.earliest());
            last.put(new TopicPartition(topic.name(), one.partition()), OffsetSpec.latest());
        }));
        var begins = of(admin.listOffsets(first).all());
        var ends = of(admin.listOffsets(last).all());
        var brokers = of(admin.describeCluster().nodes()).stream().map(Node::id).toList();
        Map<String, Long> sizes = new TreeMap<>();
        of(admin.describeLogDirs(brokers).allDescriptions()).values().forEach(folders -> folders.values().forEach(folder ->
                folder.replicaInfos().forEach((partition, replica) -> sizes.merge(partition.topic(), replica.size(), Long::sum))));
        for (var name : List.of("orders", "payments")) {
            long count = ends.entrySet().stream().filter(one -> one.getKey().topic().equals(name)).mapToLong(one -> one.getValue().offset()).sum()
                    - begins.entrySet().stream().filter(one -> one.getKey().topic().equals(name)).mapToLong(one -> one.getValue().offset()).sum();
            var own = settings.get(new ConfigResource(ConfigResource.Type.TOPIC, name)).entries().stream()
                    .filter(one -> one.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG).map(one -> one.name() + "=" + one.value()).toList();
            System.out.println(name + " partitions " + described.get(name).partitions().size() + " offsets " + count + " size "
                    + (sizes.get(name) > 1000 && sizes.get(name) < 100_000) + " own settings " + own);
        }
        System.out.println("all have a size " + sizes.keySet().containsAll(names));
    }

    static void groups() throws Exception {
        for (var protocol : List.of("classic", "consumer")) {
            var reader = consumer(protocol, protocol);
            reader.subscribe(List.of("orders"));
            int read = 0;
            while (read < 60) read += reader.poll(Duration.ofSeconds(10)).count();
            reader.commitSync(Map.of(new TopicPartition("orders", 0), new OffsetAndMetadata(40), new TopicPartition("orders", 1), new OffsetAndMetadata(20)));
            page(protocol);
            reader.close();
            page(protocol);
        }
    }

    // A group's line on its page: as it is listed and described, and how far it is behind.
    static void page(String group) throws Exception {
        var listed = of(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all()).stream().filter(one -> one.groupId().equals(group)).findFirst()
                .orElseThrow();
        var described = of(admin.describeConsumerGroups(List.of(group)).all()).get(group);
        var places = of(admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).all()).get(group);
        var ends = of(admin.listOffsets(places.keySet().stream().collect(Collectors.toMap(one -> one, one -> OffsetSpec.latest()))).all());
        long lag = places.entrySet().stream().mapToLong(one -> ends.get(one.getKey()).offset() - one.getValue().offset()).sum();
        int held = described.members().stream().mapToInt(member -> member.assignment().topicPartitions().size()).sum();
        System.out.println("group " + group + " " + listed.type().orElseThrow() + " " + listed.groupState().orElseThrow() + " "
                + described.groupState() + " members " + described.members().size() + " partitions " + held + " lag " + lag);
    }

    // The newest records, those from a moment on, and those of one partition from an offset on.
    static void messages() {
        try (var reader = consumer(null, null)) {
            var partitions = reader.partitionsFor("orders").stream().map(one -> new TopicPartition("orders", one.partition())).toList();
            reader.assign(partitions);
            var begins = reader.beginningOffsets(partitions);
            var ends = reader.endOffsets(partitions);
            System.out.println("messages " + begins.values().stream().mapToLong(one -> one).sum() + " " + ends.values().stream().mapToLong(one -> one).sum());
            partitions.forEach(one -> reader.seek(one, 48));
            var newest = new TreeSet<String>();
            while (newest.size() < 5) reader.poll(Duration.ofSeconds(10)).forEach(one -> newest.add(one.value()));
            System.out.println("newest " + newest);
            var found = reader.offsetsForTimes(partitions.stream().collect(Collectors.toMap(one -> one, one -> 1_700_000_100_000L)));
            System.out.println("from a moment on " + partitions.stream().map(one -> found.get(one).offset()).toList());
        }
    }

    static void rest() throws Exception {
        System.out.println("rules " + of(admin.describeAcls(AclBindingFilter.ANY).values()).stream()
                .map(one -> one.pattern().name() + " " + one.pattern().patternType() + " " + one.entry().principal() + " " + one.entry().operation()).toList());
        System.out.println("quotas " + of(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()));
        System.out.println("users " + of(admin.describeUserScramCredentials().all()).values().stream().map(Object::toString).toList());
        var partition = new TopicPartition("orders", 1);
        var producers = of(admin.describeProducers(List.of(partition)).all()).get(partition).activeProducers();
        System.out.println("producers " + producers.size() + " open " + producers.get(0).currentTransactionStartOffset().isPresent());
        System.out.println("transactions " + of(admin.listTransactions().all()).stream().map(one -> one.transactionalId() + " " + one.state()).toList());
        System.out.println("moves " + of(admin.listPartitionReassignments().reassignments()).size());
    }

    public static void main(String[] args) throws Exception {
        at = args[0];
        admin = Admin.create(Map.of("bootstrap.servers", at));
        try (var producer = fill()) {
            cluster();
            groups();
            topics();
            messages();
            rest();
            producer.abortTransaction();
        }
        admin.close();
    }
}
