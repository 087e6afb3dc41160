// Of JUnit, as far as TestListener is compiled with it; JUnit's own is there when it runs.
package org.junit.platform.launcher;

import org.junit.platform.engine.TestExecutionResult;

public interface TestExecutionListener {
  default void executionStarted(TestIdentifier identifier) {}

  default void executionFinished(TestIdentifier identifier, TestExecutionResult result) {}
}
