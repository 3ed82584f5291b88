// A source for Kafka Connect: each line of a file is a record, and a line's number is its offset, so that the worker can write
// both exactly once. Kafka's own file source lies in a package that not every registry has.
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;

public class LinesSource extends SourceConnector {
    static final int AT_ONCE = 7;   // lines of one transaction
    private Map<String, String> settings;

    @Override public void start(Map<String, String> given) { settings = given; }
    @Override public Class<LinesTask> taskClass() { return LinesTask.class; }
    @Override public List<Map<String, String>> taskConfigs(int most) { return List.of(settings); }
    @Override public void stop() {}
    @Override public String version() { return "1"; }
    @Override public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> given) { return ExactlyOnceSupport.SUPPORTED; }
    @Override public boolean alterOffsets(Map<String, String> given, Map<Map<String, ?>, Map<String, ?>> offsets) { return true; }
    @Override public ConfigDef config() {
        return new ConfigDef().define("file", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "what is read")
            .define("topic", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "where it is written");
    }

    public static class LinesTask extends SourceTask {
        private Path file;
        private String topic;
        private int next;

        @Override public String version() { return "1"; }
        @Override public void start(Map<String, String> given) {
            file = Path.of(given.get("file"));
            topic = given.get("topic");
            var known = context.offsetStorageReader().offset(Map.of("file", file.toString()));
            next = known == null ? 0 : ((Number) known.get("line")).intValue();
        }
        @Override public List<SourceRecord> poll() throws InterruptedException {
            List<String> lines;
            try {
                lines = Files.readAllLines(file);
            } catch (IOException fault) {
                throw new UncheckedIOException(fault);
            }
            if (next >= lines.size()) Thread.sleep(50);   // a source that has nothing is asked again at once
            var records = new ArrayList<SourceRecord>();
            for (; next < lines.size() && records.size() < AT_ONCE; next++)
                records.add(new SourceRecord(Map.of("file", file.toString()), Map.of("line", next + 1), topic, Schema.STRING_SCHEMA,
                    "line " + next, Schema.STRING_SCHEMA, lines.get(next)));
            return records;
        }
        @Override public void stop() {}
    }
}
