package testselect;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The methods that can be entered, by number, and their classes. Thread-safe. */
final class MethodTable {
  static final int MOST = 1 << 20;

  /** A class as it was loaded: its methods have the numbers first, first + 1, ... */
  static final class Loaded {
    final String name;
    final int first;
    final int[][] lines;
    final boolean[] initialisers;

    Loaded(String name, int first, int[][] lines, boolean[] initialisers) {
      this.name = name;
      this.first = first;
      this.lines = lines;
      this.initialisers = initialisers;
    }
  }

  private final List<Loaded> classes = new ArrayList<>();
  private final Map<String, Integer> reserved = new HashMap<>();
  private int next;

  /** The first of `count` numbers; the same ones for a class that is transformed again. Throws where there are no more. */
  synchronized int reserve(String name, String place, int count) {
    String key = name + "\n" + place + "\n" + count;
    Integer known = reserved.get(key);
    if (known != null) return known;
    if (next + count > MOST) throw new IllegalStateException("too many methods");
    int first = next;
    next += count;
    reserved.put(key, first);
    return first;
  }

  synchronized void add(Loaded loaded) {
    classes.add(loaded);
  }

  /** Forgets a class: nothing of it is known exactly. */
  synchronized void forget(String name) {
    classes.removeIf(loaded -> loaded.name.equals(name));
  }

  synchronized List<Loaded> classes() {
    return new ArrayList<>(classes);
  }
}
