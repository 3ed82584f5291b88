import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * The Kinesis Producer Library as it comes, its native daemon over TLS: 1,000 user records of 50 keys, a split that the library is not
 * told of, and 1,000 more. What it wrote is read by somebody else.   KplWriter PORT CA STREAM
 */
public final class KplWriter {
    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
        System.out.println("seen: " + what);
    }

    // Yields how many records of the stream carry the user records.
    static int put(KinesisProducer producer, String stream, IntStream numbers) throws Exception {
        List<Future<UserRecordResult>> puts = new ArrayList<>();
        numbers.forEach(n -> puts.add(
            producer.addUserRecord(stream, "key " + n % 50, ByteBuffer.wrap(("value " + n).getBytes(StandardCharsets.UTF_8)))));
        var places = new HashSet<String>();
        for (var put : puts) {
            var result = put.get(60, TimeUnit.SECONDS);
            if (!result.isSuccessful()) throw new AssertionError("a user record was refused");
            places.add(result.getShardId() + " " + result.getSequenceNumber());
        }
        return places.size();
    }

    public static void main(String[] args) throws Exception {
        long port = Long.parseLong(args[0]);
        var stream = args[2];
        var who = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
        var kinesis = KinesisClient.builder().endpointOverride(URI.create("http://127.0.0.1:" + port)).region(Region.US_EAST_1).credentialsProvider(who).build();
        kinesis.createStream(r -> r.streamName(stream).shardCount(2));
        Files.createDirectories(Path.of("daemon"));   // where the library unpacks it, once
        var producer = new KinesisProducer(new KinesisProducerConfiguration().setCredentialsProvider(who).setRegion("us-east-1")
            .setKinesisEndpoint("localhost").setKinesisPort(port).setCaCertFile(args[1]).setMetricsLevel("none")
            .setTempDirectory("daemon").setRecordMaxBufferedTime(100).setLogLevel("error"));
        // As long as the library has not heard which shards there are, each user record goes alone.
        while (put(producer, stream, IntStream.of(0, 50)) == 2) continue;
        check(put(producer, stream, IntStream.range(0, 1000)) < 500, "1,000 user records are written in fewer than 500 records");
        kinesis.splitShard(r -> r.streamName(stream).shardToSplit("shardId-000000000000").newStartingHashKey("85070591730234615865843651857942052863"));
        put(producer, stream, IntStream.range(1000, 2000));
        check(true, "after a split 1,000 more");
        producer.destroy();
        System.exit(0);
    }
}
