// A sink for Kafka Connect that appends each record's value to a file as a line.
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

public class LinesSink extends SinkConnector {
    private Map<String, String> settings;

    @Override public void start(Map<String, String> given) { settings = given; }
    @Override public Class<? extends Task> taskClass() { return LinesTask.class; }
    @Override public List<Map<String, String>> taskConfigs(int most) { return Collections.nCopies(most, settings); }
    @Override public void stop() {}
    @Override public String version() { return "1"; }
    @Override public ConfigDef config() {
        return new ConfigDef().define("file", ConfigDef.Type.STRING, ConfigDef.Importance.HIGH, "where it is written");
    }

    public static class LinesTask extends SinkTask {
        private Path file;

        @Override public String version() { return "1"; }
        @Override public void start(Map<String, String> given) { file = Path.of(given.get("file")); }
        @Override public void put(Collection<SinkRecord> records) {
            var lines = records.stream().map(record -> String.valueOf(record.value())).toList();
            try {
                Files.write(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException fault) {
                throw new UncheckedIOException(fault);
            }
        }
        @Override public void stop() {}
    }
}
