package testselect;

/** Where methods say that they are entered. Loaded by the bootstrap loader, so that every class sees it. */
public final class Entered {
  static final boolean[] SEEN = new boolean[MethodTable.MOST];

  private Entered() {}

  public static void enter(int method) {
    SEEN[method] = true;
  }
}
