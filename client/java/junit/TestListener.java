package testselectjunit;

import java.util.Optional;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import testselect.Entered;

/** Tells the recorder which test classes are running: from before their first set-up until after their last tear-down. */
public final class TestListener implements TestExecutionListener {
  @Override
  public void executionStarted(TestIdentifier identifier) {
    String name = outermost(identifier);
    if (name == null) return;
    Entered.begin(name);
  }

  @Override
  public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
    String name = outermost(identifier);
    if (name == null) return;
    Entered.end(name);
  }

  private static String outermost(TestIdentifier identifier) {
    Optional<TestSource> source = identifier.getSource();
    if (!source.isPresent() || !(source.get() instanceof ClassSource)) return null;
    String name = ((ClassSource) source.get()).getClassName();
    int inner = name.indexOf('$', name.lastIndexOf('.') + 2);
    return inner < 0 ? name : name.substring(0, inner);
  }
}
