import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.connectors.kinesis.FlinkKinesisConsumer;
import org.apache.flink.streaming.connectors.kinesis.config.AWSConfigConstants;
import org.apache.flink.streaming.connectors.kinesis.config.ConsumerConfigConstants;

/** A Flink job in a cluster within this process: FlinkReader ENDPOINT STREAM COUNT [CONSUMER]. It reads until it has so many different
 *  values, while somebody writes and splits, and prints how often it saw each. With a consumer's name it is pushed to. */
public final class FlinkReader {
    public static void main(String[] args) throws Exception {
        var settings = new Properties();
        settings.setProperty(AWSConfigConstants.AWS_REGION, "us-east-1");
        settings.setProperty(AWSConfigConstants.AWS_ENDPOINT, args[0]);
        settings.setProperty(AWSConfigConstants.AWS_CREDENTIALS_PROVIDER, "BASIC");
        settings.setProperty(AWSConfigConstants.AWS_ACCESS_KEY_ID, "test");
        settings.setProperty(AWSConfigConstants.AWS_SECRET_ACCESS_KEY, "test");
        settings.setProperty(ConsumerConfigConstants.STREAM_INITIAL_POSITION, "TRIM_HORIZON");
        settings.setProperty(ConsumerConfigConstants.SHARD_DISCOVERY_INTERVAL_MILLIS, "300");
        if (args.length > 3) {
            settings.setProperty(ConsumerConfigConstants.RECORD_PUBLISHER_TYPE, "EFO");
            settings.setProperty(ConsumerConfigConstants.EFO_CONSUMER_NAME, args[3]);
        }
        var job = StreamExecutionEnvironment.createLocalEnvironment(2, new Configuration());
        Map<String, Integer> seen = new HashMap<>();
        try (var values = job.addSource(new FlinkKinesisConsumer<>(args[1], new SimpleStringSchema(), settings)).executeAndCollect()) {
            System.out.println("reading");
            while (seen.size() < Integer.parseInt(args[2]) && values.hasNext()) {
                seen.merge(values.next(), 1, Integer::sum);
                if (seen.size() % 100 == 0) System.out.println("values: " + seen.size());
            }
        }
        System.out.println("counts: " + new TreeSet<>(seen.values()));
        System.exit(0);   // the cluster's threads need not end by themselves
    }
}
