// A Flink job that reads a topic to its end and writes each record exactly once to another, though it fails in the middle and begins
// again at its last checkpoint. What its first try wrote after that checkpoint stays in transactions that nobody commits.
import java.util.Properties;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public class FlinkCopy {
    public static void main(String[] arguments) throws Exception {
        String at = arguments[0], from = arguments[1], to = arguments[2];
        var settings = new Configuration();
        settings.setString("restart-strategy.type", "fixed-delay");
        settings.setString("restart-strategy.fixed-delay.attempts", "1");
        settings.setString("restart-strategy.fixed-delay.delay", "0 s");
        var environment = StreamExecutionEnvironment.getExecutionEnvironment(settings);
        environment.setParallelism(2);
        environment.enableCheckpointing(300);
        var source = KafkaSource.<String>builder().setBootstrapServers(at).setTopics(from).setGroupId(from + "-flink")
            .setStartingOffsets(OffsetsInitializer.earliest()).setBounded(OffsetsInitializer.latest())
            .setValueOnlyDeserializer(new SimpleStringSchema()).build();
        var transactions = new Properties();
        transactions.setProperty("transaction.timeout.ms", "60000");
        var sink = KafkaSink.<String>builder().setBootstrapServers(at).setKafkaProducerConfig(transactions)
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE).setTransactionalIdPrefix(to)
            .setRecordSerializer(KafkaRecordSerializationSchema.builder().setTopic(to)
                .setValueSerializationSchema(new SimpleStringSchema()).build())
            .build();
        environment.fromSource(source, WatermarkStrategy.noWatermarks(), "from").map(new FailsOnce()).sinkTo(sink);
        environment.execute();
        System.out.println("seen: the job is done");
        System.exit(0);
    }

    // In its first try each task ends with an error at its first record after a checkpoint.
    static class FailsOnce extends RichMapFunction<String, String> implements CheckpointListener {
        private volatile boolean checkpointed;
        private boolean first;

        @Override public void open(OpenContext context) { first = getRuntimeContext().getTaskInfo().getAttemptNumber() == 0; }
        @Override public void notifyCheckpointComplete(long id) { checkpointed = true; }
        @Override public String map(String value) throws Exception {
            if (first && checkpointed) throw new IllegalStateException("the failure of the first try");
            if (first) Thread.sleep(5);   // so that there are records left when a checkpoint is complete
            return value;
        }
    }
}
