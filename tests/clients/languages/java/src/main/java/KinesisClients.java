import java.io.FileInputStream;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The AWS SDK for Java v2 as it comes: CBOR, by the asynchronous client over HTTP/2, by the other one over HTTP/1.1. */
public final class KinesisClients {
    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
        System.out.println("seen: " + what);
    }

    static TrustManager[] trusting(String authority) throws Exception {
        var known = KeyStore.getInstance(KeyStore.getDefaultType());
        known.load(null);
        try (var file = new FileInputStream(authority)) {
            known.setCertificateEntry("sluice", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(known);
        return managers.getTrustManagers();
    }

    static void fanOut(KinesisAsyncClient kinesis) throws Exception {
        kinesis.createStream(r -> r.streamName("fan-out").shardCount(1)).get();
        kinesis.waiter().waitUntilStreamExists(r -> r.streamName("fan-out")).get();
        var stream = kinesis.describeStreamSummary(r -> r.streamName("fan-out")).get().streamDescriptionSummary().streamARN();
        var consumer = kinesis.registerStreamConsumer(r -> r.streamARN(stream).consumerName("reader")).get().consumer().consumerARN();
        while (kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).get().consumerDescription().consumerStatus() != ConsumerStatus.ACTIVE)
            Thread.sleep(20);
        var values = new ConcurrentLinkedQueue<String>();
        var handler = SubscribeToShardResponseHandler.builder().subscriber(event -> {
            if (event instanceof SubscribeToShardEvent records) records.records().forEach(r -> values.add(r.data().asUtf8String()));
        }).build();
        var subscription = kinesis.subscribeToShard(r -> r.consumerARN(consumer).shardId("shardId-000000000000")
            .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)), handler);
        List<String> written = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            var text = "pushed " + i;
            written.add(text);
            kinesis.putRecord(r -> r.streamName("fan-out").partitionKey("key").data(SdkBytes.fromUtf8String(text))).get();
        }
        kinesis.splitShard(r -> r.streamName("fan-out").shardToSplit("shardId-000000000000").newStartingHashKey("9")).get();
        subscription.get();
        check(new ArrayList<>(values).equals(written), "100 records are pushed in order to the end of their shard");
    }

    public static void main(String[] args) throws Exception {
        var at = URI.create(args[0]);
        var managers = args.length > 1 ? trusting(args[1]) : null;
        var who = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", System.getenv().getOrDefault("SECRET", "test")));
        if (args.length > 1) {
            try (var secure = KinesisAsyncClient.builder().endpointOverride(at).region(Region.US_EAST_1).credentialsProvider(who)
                     .httpClientBuilder(NettyNioAsyncHttpClient.builder().tlsTrustManagersProvider(() -> managers)).build()) {
                fanOut(secure);
            }
            return;
        }
        try (var async = KinesisAsyncClient.builder().endpointOverride(at).region(Region.US_EAST_1).credentialsProvider(who).build();
             var sync = KinesisClient.builder().endpointOverride(at).region(Region.US_EAST_1).credentialsProvider(who).build()) {
            async.createStream(r -> r.streamName("java").shardCount(2)).get();
            async.waiter().waitUntilStreamExists(r -> r.streamName("java")).get();
            List<CompletableFuture<PutRecordResponse>> puts = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                var text = "value " + i;
                puts.add(async.putRecord(r -> r.streamName("java").partitionKey(text).data(SdkBytes.fromUtf8String(text))));
            }
            for (var put : puts) put.get();
            List<String> byAsync = new ArrayList<>(), bySync = new ArrayList<>();
            for (var shard : async.listShards(r -> r.streamName("java")).get().shards()) {
                var from = async.getShardIterator(r -> r.streamName("java").shardId(shard.shardId()).shardIteratorType("TRIM_HORIZON")).get().shardIterator();
                for (Record record : async.getRecords(r -> r.shardIterator(from)).get().records()) byAsync.add(record.data().asUtf8String());
                for (Record record : sync.getRecords(r -> r.shardIterator(from)).records()) bySync.add(record.data().asUtf8String());
            }
            check(byAsync.size() == 200, "200 records come back over HTTP/2");
            check(byAsync.equals(bySync), "the same over HTTP/1.1");
            try {
                async.deleteStream(r -> r.streamName("none")).get();
                check(false, "a stream that is not there is refused");
            } catch (ExecutionException refused) {
                check(refused.getCause() instanceof ResourceNotFoundException, "a stream that is not there is refused");
            }
            fanOut(async);
        }
    }
}
