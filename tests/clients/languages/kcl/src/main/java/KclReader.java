import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * The Kinesis Client Library as it comes, by polling or by enhanced fan-out: 3,000 records through a split and a merge, in order in each
 * shard, and every parent read to its end. Its leases are kept in a DynamoDB that is not ours.   KclReader KINESIS DYNAMODB polling|fan-out
 */
public final class KclReader {
    static final Map<String, List<String>> numbers = new ConcurrentHashMap<>();
    static final Set<String> ended = ConcurrentHashMap.newKeySet(), values = ConcurrentHashMap.newKeySet();

    static final class Processor implements ShardRecordProcessor {
        String shard;
        public void initialize(InitializationInput input) { shard = input.shardId(); }
        public void processRecords(ProcessRecordsInput input) {
            var mine = numbers.computeIfAbsent(shard, s -> new ArrayList<>());
            for (var record : input.records()) {
                mine.add(record.sequenceNumber());
                values.add(StandardCharsets.UTF_8.decode(record.data()).toString());
            }
            try {
                input.checkpointer().checkpoint();
            } catch (Exception lost) {
                throw new IllegalStateException(lost);
            }
        }
        public void leaseLost(LeaseLostInput input) {}
        public void shardEnded(ShardEndedInput input) {
            try {
                input.checkpointer().checkpoint();
            } catch (Exception lost) {
                throw new IllegalStateException(lost);
            }
            ended.add(shard);
        }
        public void shutdownRequested(ShutdownRequestedInput input) {}
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what + "; values " + values.size() + ", ended " + ended + ", shards " + numbers.keySet());
        System.out.println("seen: " + what);
    }

    static void await(BooleanSupplier what, String said) throws InterruptedException {
        for (long end = System.nanoTime() + 150_000_000_000L; !what.getAsBoolean() && System.nanoTime() < end;) Thread.sleep(50);
        check(what.getAsBoolean(), said);
    }

    static void put(KinesisAsyncClient kinesis, String stream, int from, int count) throws Exception {
        for (int at = from; at < from + count; at += 250) {
            List<PutRecordsRequestEntry> entries = new ArrayList<>();
            for (int n = at; n < at + 250; n++)
                entries.add(PutRecordsRequestEntry.builder().partitionKey("key " + n).data(SdkBytes.fromUtf8String("value " + n)).build());
            if (kinesis.putRecords(r -> r.streamName(stream).records(entries)).get().failedRecordCount() != 0) throw new AssertionError("a record was refused");
        }
    }

    public static void main(String[] args) throws Exception {
        boolean fanOut = args[2].equals("fan-out");
        var who = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
        var kinesis = KinesisClientUtil.createKinesisAsyncClient(
            KinesisAsyncClient.builder().endpointOverride(URI.create(args[0])).region(Region.US_EAST_1).credentialsProvider(who));
        var dynamo = DynamoDbAsyncClient.builder().endpointOverride(URI.create(args[1])).region(Region.US_EAST_1).credentialsProvider(who).build();
        var metrics = CloudWatchAsyncClient.builder().endpointOverride(URI.create(args[1])).region(Region.US_EAST_1).credentialsProvider(who).build();
        String stream = "kcl-" + args[2];
        kinesis.createStream(r -> r.streamName(stream).shardCount(2)).get();
        put(kinesis, stream, 0, 1000);

        var configs = new ConfigsBuilder(stream, stream + "-app", kinesis, dynamo, metrics, UUID.randomUUID().toString(), Processor::new);
        var retrieval = configs.retrievalConfig()
            .initialPositionInStreamExtended(InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON))
            .retrievalSpecificConfig(fanOut ? new FanOutConfig(kinesis).streamName(stream).applicationName(stream + "-app")
                                            : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(250));
        retrieval.streamTracker().orphanedStreamInitialPositionInStream();
        var scheduler = new Scheduler(configs.checkpointConfig(),
            configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200),
            configs.leaseManagementConfig().shardSyncIntervalMillis(1000).failoverTimeMillis(3000)
                .initialPositionInStream(InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON)),
            configs.lifecycleConfig(), configs.metricsConfig().metricsLevel(MetricsLevel.NONE), configs.processorConfig(), retrieval);
        var thread = new Thread(scheduler, "kcl");
        thread.setDaemon(true);
        thread.start();

        await(() -> values.size() == 1000, "the records from before the reader came");
        kinesis.splitShard(r -> r.streamName(stream).shardToSplit("shardId-000000000000").newStartingHashKey("85070591730234615865843651857942052863")).get();
        put(kinesis, stream, 1000, 1000);
        await(() -> values.size() == 2000 && ended.contains("shardId-000000000000"), "a split: all records, and the parent at its end");
        kinesis.mergeShards(r -> r.streamName(stream).shardToMerge("shardId-000000000003").adjacentShardToMerge("shardId-000000000001")).get();
        put(kinesis, stream, 2000, 1000);
        await(() -> values.size() == 3000 && ended.contains("shardId-000000000001") && ended.contains("shardId-000000000003"),
              "a merge: all records, and both parents at their ends");
        boolean ordered = true;
        for (var mine : numbers.values())
            for (int i = 1; i < mine.size(); i++) ordered &= mine.get(i - 1).compareTo(mine.get(i)) < 0;
        check(ordered, "each shard's records once and in their order");
        System.exit(0);
    }
}
