// Of JUnit, as far as TestListener is compiled with it; JUnit's own is there when it runs.
package org.junit.platform.engine;

public interface TestSource {}
