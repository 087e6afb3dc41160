package testselect;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where methods say that they are entered. Loaded by the bootstrap loader, so that every class sees it.
 *
 * Where one JVM runs several tests, `begin` and `end` say which are running: what is entered meanwhile counts for each of them,
 * several at once included. What is entered while a class is being initialised runs once, for the first test that needs the
 * class, and counts as run outside of tests, too. Thread-safe; a method that one thread enters while another begins a test may
 * count for the test before.
 */
public final class Entered {
  private static final boolean[] SEEN = new boolean[MethodTable.MOST];
  private static final BitSet INITIALISERS = new BitSet();
  private static final BitSet ALL = new BitSet();
  private static final BitSet OUTSIDE = new BitSet();
  private static final Map<String, BitSet> TESTS = new TreeMap<>();
  private static final List<String> RUNNING = new ArrayList<>();

  private Entered() {}

  public static void enter(int method) {
    if (!SEEN[method]) first(method);
  }

  /** `method` initialises a class. */
  static synchronized void initialises(int method) {
    INITIALISERS.set(method);
  }

  private static synchronized void first(int method) {
    // From here on everything is seen once more, whoever entered it before.
    if (INITIALISERS.get(method)) collect();
    SEEN[method] = true;
    ALL.set(method);
    for (String test : RUNNING) TESTS.get(test).set(method);
    if (RUNNING.isEmpty() || initialising()) OUTSIDE.set(method);
  }

  private static boolean initialising() {
    return StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("<clinit>")));
  }

  // A test's methods are its own as soon as they are entered; all there is to do is to look anew.
  private static void collect() {
    for (int i = ALL.nextSetBit(0); i >= 0; i = ALL.nextSetBit(i + 1)) SEEN[i] = false;
  }

  /** A test begins; one may run several times at once. */
  public static synchronized void begin(String test) {
    collect();
    TESTS.computeIfAbsent(test, name -> new BitSet());
    RUNNING.add(test);
  }

  /** A test that began ends. */
  public static synchronized void end(String test) {
    collect();
    RUNNING.remove(test);
  }

  static synchronized BitSet all() {
    return (BitSet) ALL.clone();
  }

  /** Empty where no test ever said that it began. */
  static synchronized Map<String, BitSet> tests() {
    Map<String, BitSet> tests = new TreeMap<>();
    TESTS.forEach((name, methods) -> tests.put(name, (BitSet) methods.clone()));
    return tests;
  }

  static synchronized BitSet outside() {
    return (BitSet) OUTSIDE.clone();
  }
}
