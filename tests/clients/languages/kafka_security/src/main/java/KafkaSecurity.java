// Kafka's own client logs in over TLS, makes users, tokens, ACLs and quotas, and feels them. Each part says "seen: …" when it was
// as it should be. Arguments: HOST:PORT of the Kafka door, and the file of the authority to trust. Alice is a super user.
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateDelegationTokenOptions;
import org.apache.kafka.clients.admin.DescribeDelegationTokenOptions;
import org.apache.kafka.clients.admin.ExpireDelegationTokenOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.token.delegation.DelegationToken;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class KafkaSecurity {
    static String server, authority;

    static Map<String, Object> login(String mechanism, String user, String password, String more) {
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", server);
        settings.put("security.protocol", "SASL_SSL");
        settings.put("ssl.truststore.type", "PEM");
        settings.put("ssl.truststore.location", authority);
        settings.put("sasl.mechanism", mechanism);
        settings.put("sasl.jaas.config", "org.apache.kafka.common.security." + module + " required username=\"" + user + "\" password=\""
                + password + "\"" + more + ";");
        settings.put("key.serializer", StringSerializer.class);
        settings.put("value.serializer", StringSerializer.class);
        settings.put("key.deserializer", StringDeserializer.class);
        settings.put("value.deserializer", StringDeserializer.class);
        settings.put("request.timeout.ms", 15000);
        settings.put("default.api.timeout.ms", 20000);
        settings.put("max.block.ms", 20000);
        return settings;
    }

    static void write(Map<String, Object> settings, String topic, String value) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings)) {
            producer.send(new ProducerRecord<>(topic, "k", value)).get();
        }
    }

    static void check(boolean good, String what) {
        if (!good) throw new AssertionError(what);
    }

    static void scramOverTls() throws Exception {
        Map<String, Object> alice = login("SCRAM-SHA-512", "alice", "secret", "");
        try (Admin admin = Admin.create(alice)) {
            admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
        }
        write(alice, "t", "1");
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(alice)) {
            consumer.assign(List.of(new TopicPartition("t", 0)));
            consumer.seekToBeginning(consumer.assignment());
            check(consumer.poll(java.time.Duration.ofSeconds(20)).iterator().next().value().equals("1"), "the record");
        }
        System.out.println("seen: SCRAM over TLS writes and reads");
    }

    static void users() throws Exception {
        try (Admin admin = Admin.create(login("PLAIN", "alice", "secret", ""))) {
            ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096);
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion("carol", info, "pw"))).all().get();
            check(admin.describeUserScramCredentials().all().get().get("carol").credentialInfos().equals(List.of(info)), "what is told");
        }
        write(login("SCRAM-SHA-256", "carol", "pw", ""), "t", "2");
        System.out.println("seen: a user that an admin client made");
    }

    static void tokens() throws Exception {
        try (Admin admin = Admin.create(login("SCRAM-SHA-256", "carol", "pw", ""))) {
            DelegationToken token = admin.createDelegationToken(new CreateDelegationTokenOptions()).delegationToken().get();
            check(token.tokenInfo().owner().getName().equals("carol"), "its owner");
            write(login("SCRAM-SHA-256", token.tokenInfo().tokenId(), token.hmacAsBase64String(), " tokenauth=\"true\""), "t", "3");
            check(admin.renewDelegationToken(token.hmac()).expiryTimestamp().get() >= token.tokenInfo().expiryTimestamp(), "renewed");
            check(admin.describeDelegationToken(new DescribeDelegationTokenOptions()).delegationTokens().get().size() == 1, "told");
            admin.expireDelegationToken(token.hmac(), new ExpireDelegationTokenOptions().expiryTimePeriodMs(-1)).expiryTimestamp().get();
            check(admin.describeDelegationToken().delegationTokens().get().isEmpty(), "gone");
        }
        System.out.println("seen: a delegation token stands for its owner");
    }

    static void acls() throws Exception {
        Map<String, Object> carol = login("SCRAM-SHA-256", "carol", "pw", "");
        AclBinding none = new AclBinding(new ResourcePattern(ResourceType.TOPIC, "t", PatternType.PREFIXED),
                new AccessControlEntry("User:carol", "*", AclOperation.WRITE, AclPermissionType.DENY));
        try (Admin admin = Admin.create(login("PLAIN", "alice", "secret", ""))) {
            admin.createAcls(List.of(none)).all().get();
            check(admin.describeAcls(AclBindingFilter.ANY).values().get().equals(List.of(none)), "what is told");
            try {
                write(carol, "t", "4");
                check(false, "a refusal");
            } catch (ExecutionException refused) {
                check(refused.getCause() instanceof TopicAuthorizationException, refused.toString());
            }
            write(login("PLAIN", "alice", "secret", ""), "t", "4");
            check(admin.deleteAcls(List.of(AclBindingFilter.ANY)).all().get().equals(List.of(none)), "what is gone");
        }
        write(carol, "t", "5");
        System.out.println("seen: an ACL refuses, and not a super user");
    }

    static void quotas() throws Exception {
        Map<String, Object> slow = login("PLAIN", "alice", "secret", "");
        slow.put("client.id", "slow");
        slow.put("linger.ms", 0);
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "slow"));
        try (Admin admin = Admin.create(login("PLAIN", "alice", "secret", ""));
                KafkaProducer<String, String> producer = new KafkaProducer<>(slow)) {
            ClientQuotaAlteration.Op rate = new ClientQuotaAlteration.Op("producer_byte_rate", 100000.0);
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(rate)))).all().get();
            check(admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().get(entity).get("producer_byte_rate") == 100000.0, "told");
            for (int i = 0; i < 3; ++i) producer.send(new ProducerRecord<>("t", "k", "x".repeat(400000))).get();
            double throttled = producer.metrics().entrySet().stream().filter(one -> one.getKey().name().equals("produce-throttle-time-max"))
                    .mapToDouble(one -> (double) one.getValue().metricValue()).max().orElse(0);
            check(throttled > 1000, "a throttle of " + throttled + " ms");
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", null)))))
                    .all().get();
            check(admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().isEmpty(), "gone");
        }
        System.out.println("seen: a quota slows its client");
    }

    public static void main(String[] arguments) throws Exception {
        server = arguments[0];
        authority = arguments[1];
        scramOverTls();
        users();
        tokens();
        acls();
        quotas();
    }
}
