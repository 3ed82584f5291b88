import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.common.utils.internals.Exit;

/**
 * Runs the programs behind Kafka's scripts one after the other, since a machine that starts for each of them is most of the time
 * that they take. A line of standard input is a program's class, its standard input and its arguments, each an x and Base64. The answer
 * is a line "answer CODE PRINTED COMPLAINED", the last two in the same form; other lines are what a program left running says.
 */
public class Tools {
    /** What a program that exits is left by. Some print what they catch, so it has no text and no trace. */
    static class Ended extends RuntimeException {
        Ended() { super("", null, false, false); }
        @Override public String toString() { return ""; }
    }

    static Integer exit;   // the first that a program asked for
    static final List<Runnable> hooks = new ArrayList<>();

    static void end(int code) {
        if (exit == null) exit = code;
        throw new Ended();
    }

    public static void main(String[] ignored) throws Exception {
        PrintStream answers = System.out, complaints = System.err;
        Exit.setExitProcedure((code, message) -> end(code));
        Exit.setHaltProcedure((code, message) -> end(code));
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        var orders = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = orders.readLine()) != null;) {
            String[] parts = line.split(" ");
            for (int i = 0; i < parts.length; i++) parts[i] = new String(Base64.getDecoder().decode(parts[i].substring(1)), StandardCharsets.UTF_8);
            var printed = new ByteArrayOutputStream();
            var complained = new ByteArrayOutputStream();
            System.setIn(new ByteArrayInputStream(parts[1].getBytes(StandardCharsets.UTF_8)));
            System.setOut(new PrintStream(printed, true));
            System.setErr(new PrintStream(complained, true));
            int code = run(parts[0], Arrays.copyOfRange(parts, 2, parts.length));
            System.setOut(answers);
            System.setErr(complaints);
            answers.println("\nanswer " + code + " " + encoded(printed) + " " + encoded(complained));
            answers.flush();
        }
    }

    static int run(String name, String[] arguments) throws Exception {
        exit = null;
        hooks.clear();
        try {
            Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (java.lang.reflect.InvocationTargetException thrown) {
            if (exit == null) {
                thrown.getCause().printStackTrace();
                exit = 1;
            }
        }
        int code = exit == null ? 0 : exit;
        for (Runnable hook : List.copyOf(hooks)) {
            var ending = new Thread(hook);
            ending.setDaemon(true);
            ending.start();
            ending.join(5000);   // a hook may wait for a main that has ended already
        }
        return code;
    }

    static String encoded(ByteArrayOutputStream bytes) {
        return "x" + Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
