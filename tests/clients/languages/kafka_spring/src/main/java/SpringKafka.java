// Spring for Apache Kafka as applications use it: a listener container of two threads, batches, retries that end in a dead-letter topic,
// a template with transactions, and a listener that answers exactly once. Each thing seen is a line; the first that is not so ends it.
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.transaction.KafkaTransactionManager;
import org.springframework.util.backoff.FixedBackOff;

public class SpringKafka {
    static String at, unique;

    static void seen(boolean so, String what) {
        if (!so) throw new AssertionError(what);
        System.out.println("seen: " + what);
    }

    static void until(BooleanSupplier holds, String what) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90); !holds.getAsBoolean(); Thread.sleep(10))
            if (System.nanoTime() > end) throw new AssertionError("waited for: " + what);
        seen(true, what);
    }

    static String named(String topic) { return topic + unique; }

    static DefaultKafkaProducerFactory<String, String> producers(String transactions) {
        Map<String, Object> given = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, at);
        var made = new DefaultKafkaProducerFactory<>(given, new StringSerializer(), new StringSerializer());
        if (transactions != null) made.setTransactionIdPrefix(named(transactions));
        return made;
    }

    static ConcurrentMessageListenerContainer<String, String> container(String topic, String group, String protocol, Object listener) {
        var given = new HashMap<String, Object>(Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, at, ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest", ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed", ConsumerConfig.GROUP_PROTOCOL_CONFIG, protocol));
        var properties = new ContainerProperties(named(topic));
        properties.setGroupId(named(group));
        properties.setMessageListener(listener);
        properties.setPollTimeout(200);
        return new ConcurrentMessageListenerContainer<>(
            new DefaultKafkaConsumerFactory<>(given, new StringDeserializer(), new StringDeserializer()), properties);
    }

    public static void main(String[] arguments) throws Exception {
        at = arguments[0];
        unique = arguments[1];
        var admin = new KafkaAdmin(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, at));
        for (var topic : List.of("classic", "consumer", "batches", "retried", "retried-dlt", "transactions", "asked", "answered"))
            admin.createOrModifyTopics(TopicBuilder.name(named(topic)).partitions(2).replicas(1).build());
        admin.createOrModifyTopics(TopicBuilder.name(named("batches")).partitions(4).replicas(1).config("retention.ms", "3600000").build());
        seen(admin.describeTopics(named("batches")).get(named("batches")).partitions().size() == 4, "KafkaAdmin adds partitions");
        var template = new KafkaTemplate<>(producers(null));
        for (var protocol : List.of("classic", "consumer")) listeners(template, protocol);
        batches(template);
        deadLetters(template);
        transactions();
        answers(template);
        template.destroy();
        System.exit(0);   // Spring's schedulers have threads of their own
    }

    static void listeners(KafkaTemplate<String, String> template, String protocol) throws Exception {
        Set<String> values = ConcurrentHashMap.newKeySet(), threads = ConcurrentHashMap.newKeySet();
        MessageListener<String, String> listener = record -> {
            values.add(record.value());
            threads.add(Thread.currentThread().getName());
        };
        var container = container(protocol, protocol, protocol, listener);
        container.setConcurrency(2);
        container.start();
        until(() -> container.getContainers().stream().allMatch(one -> one.getAssignedPartitions() != null && one.getAssignedPartitions().size() == 1),
            "each thread has one of two partitions (" + protocol + ")");
        for (int n = 0; n < 100; n++) template.send(named(protocol), n % 2, "k", "v" + n).get(30, TimeUnit.SECONDS);
        until(() -> values.size() == 100 && threads.size() == 2, "two threads read 100 records (" + protocol + ")");
        container.pause();
        until(container::isContainerPaused, "a container pauses (" + protocol + ")");
        template.send(named(protocol), 0, "k", "late").get(30, TimeUnit.SECONDS);
        seen(!values.contains("late"), "a paused container reads nothing (" + protocol + ")");
        container.resume();
        until(() -> values.contains("late"), "a resumed one goes on (" + protocol + ")");
        container.stop();
        values.clear();
        container.start();
        template.send(named(protocol), 1, "k", "again").get(30, TimeUnit.SECONDS);
        until(() -> values.contains("again"), "a container that starts again reads (" + protocol + ")");
        seen(values.equals(Set.of("again")), "and only what is new (" + protocol + ")");
        container.stop();
    }

    static void batches(KafkaTemplate<String, String> template) throws Exception {
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        Set<String> values = ConcurrentHashMap.newKeySet();
        BatchMessageListener<String, String> listener = records -> {
            sizes.add(records.size());
            for (var record : records) values.add(record.value());
        };
        for (int n = 0; n < 200; n++) template.send(named("batches"), n % 4, null, "v" + n);
        template.flush();
        var container = container("batches", "batches", "classic", listener);
        container.getContainerProperties().setAckMode(ContainerProperties.AckMode.BATCH);
        container.start();
        until(() -> values.size() == 200, "a batch listener reads all");
        seen(sizes.stream().anyMatch(size -> size > 10), "in batches");
        container.stop();
    }

    static void deadLetters(KafkaTemplate<String, String> template) throws Exception {
        List<String> tried = new CopyOnWriteArrayList<>();
        List<ConsumerRecord<String, String>> dead = new CopyOnWriteArrayList<>();
        MessageListener<String, String> listener = record -> {
            tried.add(record.value());
            if (record.value().equals("bad")) throw new IllegalStateException("no good");
        };
        MessageListener<String, String> last = dead::add;
        var container = container("retried", "retried", "classic", listener);
        var recoverer = new DeadLetterPublishingRecoverer(template,
            (record, fault) -> new TopicPartition(named("retried-dlt"), record.partition()));
        container.setCommonErrorHandler(new DefaultErrorHandler(recoverer, new FixedBackOff(10, 2)));
        var aside = container("retried-dlt", "retried-dlt", "classic", last);
        for (var value : List.of("first", "bad", "second")) template.send(named("retried"), 1, null, value).get(30, TimeUnit.SECONDS);
        container.start();
        aside.start();
        until(() -> dead.size() == 1 && tried.contains("second"), "a record that always fails is put aside");
        seen(tried.equals(List.of("first", "bad", "bad", "bad", "second")), "after three tries, and the others are read once");
        var headers = dead.get(0).headers();
        seen(new String(headers.lastHeader(KafkaHeaders.DLT_ORIGINAL_TOPIC).value()).equals(named("retried"))
            && dead.get(0).partition() == 1 && headers.lastHeader(KafkaHeaders.DLT_EXCEPTION_MESSAGE) != null, "with where it came from");
        container.stop();
        aside.stop();
    }

    static void transactions() throws Exception {
        var factory = producers("writer");
        var template = new KafkaTemplate<>(factory);
        template.executeInTransaction(all -> all.send(named("transactions"), 0, null, "1"));
        try {
            template.executeInTransaction(all -> {
                all.send(named("transactions"), 0, null, "aborted");
                throw new IllegalStateException("back");
            });
        } catch (IllegalStateException expected) {
            seen(true, "a transaction whose body throws is aborted");
        }
        template.executeInTransaction(all -> all.send(named("transactions"), 0, null, "2"));

        // Reads, writes and commits its offsets in one transaction; the first try of each record fails.
        Set<String> failed = new TreeSet<>();
        MessageListener<String, String> copy = record -> {
            template.send(named("transactions"), 1, null, "copy of " + record.value());
            if (failed.add(record.value())) throw new IllegalStateException("once");
        };
        var container = container("transactions", "copies", "classic", (MessageListener<String, String>) record -> {
            if (record.partition() == 0) copy.onMessage(record);
        });
        container.getContainerProperties().setKafkaAwareTransactionManager(new KafkaTransactionManager<>(factory));
        List<String> copies = new CopyOnWriteArrayList<>();
        var reader = container("transactions", "reader", "consumer", (MessageListener<String, String>) record -> {
            if (record.partition() == 1) copies.add(record.value());
        });
        container.start();
        reader.start();
        until(() -> copies.size() == 2, "a listener in a transaction writes");
        template.executeInTransaction(all -> all.send(named("transactions"), 0, null, "3"));
        until(() -> copies.size() == 3, "and goes on");
        seen(copies.equals(List.of("copy of 1", "copy of 2", "copy of 3")) && failed.size() == 3, "each record once, though each failed once");
        container.stop();
        reader.stop();
        template.destroy();
        factory.destroy();
    }

    static void answers(KafkaTemplate<String, String> template) throws Exception {
        var replies = container("answered", "answered", "classic", null);
        var asking = new ReplyingKafkaTemplate<>(producers(null), replies);
        asking.setDefaultReplyTimeout(Duration.ofSeconds(60));
        asking.start();
        MessageListener<String, String> answering = record -> {
            var reply = new ProducerRecord<String, String>(named("answered"), "answer to " + record.value());
            reply.headers().add(record.headers().lastHeader(KafkaHeaders.CORRELATION_ID));
            template.send(reply);
        };
        var server = container("asked", "asked", "consumer", answering);
        server.start();
        seen(asking.waitForAssignment(Duration.ofSeconds(60)), "a template that asks has its partitions");
        var asked = new ArrayList<>(IntStream.range(0, 10)
            .mapToObj(n -> asking.sendAndReceive(new ProducerRecord<>(named("asked"), n % 2, null, "q" + n))).toList());
        for (int n = 0; n < 10; n++)
            if (!asked.get(n).get(60, TimeUnit.SECONDS).value().equals("answer to q" + n)) throw new AssertionError("another's answer");
        seen(true, "ten questions have their answers");
        server.stop();
        asking.stop();
    }
}
