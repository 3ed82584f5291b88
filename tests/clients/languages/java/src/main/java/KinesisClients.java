import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;

/** The AWS SDK for Java v2 as it comes: CBOR, by the asynchronous client over HTTP/2, by the other one over HTTP/1.1. */
public final class KinesisClients {
    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
        System.out.println("seen: " + what);
    }

    public static void main(String[] args) throws Exception {
        var at = URI.create(args[0]);
        var who = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
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
        }
    }
}
