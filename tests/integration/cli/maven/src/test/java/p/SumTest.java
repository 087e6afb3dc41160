package p;
import org.junit.jupiter.api.*;
class SumTest { @Test void works() { Assertions.assertEquals(4, 2 + 2); } }
