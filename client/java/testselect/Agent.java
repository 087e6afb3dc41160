package testselect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.ProtectionDomain;
import java.util.BitSet;
import java.util.List;
import java.util.Map;

/**
 * Records which methods of a checkout a JVM enters.
 *
 * TESTSELECT_JVM_TOP: the checkout. TESTSELECT_JVM_LOGS: the folder that gets PID.entered when the JVM ends; a JVM that is
 * killed leaves none. Lines of that file:
 *   class NAME            a class whose methods were watched
 *   function FIRST LAST   of the class above: entered
 *   lines N...            of the class above: what makes objects of it, or the class, was entered
 *   test NAME             what follows was entered while this test ran; before, what was entered at all
 *   outside               what follows ran outside of tests, or while a class was initialised
 *   end
 */
public final class Agent {
  private Agent() {}

  public static void premain(String argument, Instrumentation instrumentation) {
    String top = System.getenv("TESTSELECT_JVM_TOP"), logs = System.getenv("TESTSELECT_JVM_LOGS");
    if (top == null || logs == null) return;
    MethodTable table = new MethodTable();
    // Those that can retransform come last: other agents see what the compiler made.
    instrumentation.addTransformer(new Transformer(table, Paths.get(top)), true);
    Path file = Paths.get(logs, ProcessHandle.current().pid() + ".entered");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> write(table, file)));
  }

  private static void write(MethodTable table, Path file) {
    StringBuilder text = new StringBuilder();
    List<MethodTable.Loaded> classes = table.classes();
    put(classes, Entered.all(), true, text);
    Map<String, BitSet> tests = Entered.tests();
    tests.forEach((name, methods) -> {
      text.append("test ").append(name).append('\n');
      put(classes, methods, false, text);
    });
    if (!tests.isEmpty()) put(classes, Entered.outside(), false, text.append("outside\n"));
    text.append("end\n");
    try {
      Path unfinished = Paths.get(file + ".part");
      Files.write(unfinished, text.toString().getBytes("UTF-8"));
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);  // no file: what the JVM loaded counts as executed, whole
    }
  }

  private static void put(List<MethodTable.Loaded> classes, BitSet methods, boolean all, StringBuilder text) {
    for (MethodTable.Loaded loaded : classes) {
      int next = methods.nextSetBit(loaded.first);
      if (!all && (next < 0 || next >= loaded.first + loaded.lines.length)) continue;
      text.append("class ").append(loaded.name).append('\n');
      for (int i = 0; i < loaded.lines.length; ++i) {
        int[] lines = loaded.lines[i];
        if (lines.length == 0 || !methods.get(loaded.first + i)) continue;
        if (loaded.initialisers[i]) {
          text.append("lines");
          for (int line : lines) text.append(' ').append(line);
          text.append('\n');
        } else {
          text.append("function ").append(lines[0]).append(' ').append(lines[lines.length - 1]).append('\n');
        }
      }
    }
  }

  private static final class Transformer implements ClassFileTransformer {
    private final MethodTable table;
    private final Path top;

    Transformer(MethodTable table, Path top) {
      this.table = table;
      this.top = top;
    }

    @Override
    public byte[] transform(
        ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
      if (loader == null || name == null) return null;
      String place = placeOf(domain);
      if (place == null) return null;
      String dotted = name.replace('/', '.');
      try {
        ClassPatch patch = new ClassPatch(bytes, count -> table.reserve(dotted, place, count));
        if (patch.initialiser >= 0) Entered.initialises(patch.first + patch.initialiser);
        table.add(new MethodTable.Loaded(dotted, patch.first, patch.lines, patch.initialisers));
        return patch.patched;
      } catch (IOException | RuntimeException e) {
        table.forget(dotted);  // not watched: it counts as executed, whole
        return null;
      }
    }

    /** The URL of a folder or archive of the checkout; null where it is none. */
    private String placeOf(ProtectionDomain domain) {
      if (domain == null || domain.getCodeSource() == null || domain.getCodeSource().getLocation() == null) return null;
      String url = domain.getCodeSource().getLocation().toString();
      String file = url.startsWith("jar:") ? url.substring(4) : url;
      int inside = file.indexOf('!');
      try {
        Path path = Paths.get(URI.create(inside < 0 ? file : file.substring(0, inside)));
        return path.startsWith(top) ? url : null;
      } catch (RuntimeException e) {
        return null;  // no file
      }
    }
  }
}
