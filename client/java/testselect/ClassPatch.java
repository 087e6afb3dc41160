package testselect;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A class file whose methods begin with Entered.enter(NUMBER).
 *
 * The call and its number take eight bytes before what each method has: a multiple of four, so that switches keep their
 * padding, and jumps, which are relative, stay as they are. What names places in the code moves by eight: handlers, lines,
 * variables, stack maps. JVM specification, chapter 4.
 */
final class ClassPatch {
  private static final int PREFIX = 8;
  private static final int LDC_W = 0x13;
  private static final int INVOKESTATIC = 0xb8;
  private static final int NOP = 0;

  private final ByteBuffer in;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(bytes);
  private String[] texts;
  private int call;
  private int firstNumber;

  /** By method, in the order of the class file: the lines of its code, sorted. */
  int[][] lines;
  /** By method: it makes an object or a class, so that its lines need not be neighbours. */
  boolean[] initialisers;
  /** The method that initialises the class; -1 where there is none. */
  int initialiser = -1;
  /** The number of the first method. */
  int first;
  byte[] patched;

  /**
   * `numbers` reserves as many numbers as it is given. Throws for what is no class file, or one that would get too big:
   * then nothing is known of it.
   */
  ClassPatch(byte[] original, IntUnaryOperator numbers) throws IOException {
    in = ByteBuffer.wrap(original);
    copy(8);
    int methodsAt = skipToMethods();
    int methods = in.getShort(methodsAt) & 0xffff;
    first = numbers.applyAsInt(methods);
    lines = new int[methods][];
    initialisers = new boolean[methods];
    in.position(8);
    constants(methods);
    copy(methodsAt + 2 - in.position());
    for (int i = 0; i < methods; ++i) method(i);
    copy(in.remaining());
    patched = bytes.toByteArray();
  }

  private int u2() {
    return in.getShort() & 0xffff;
  }

  private void copy(int length) throws IOException {
    out.write(in.array(), in.position(), length);
    in.position(in.position() + length);
  }

  private void skip(int length) {
    in.position(in.position() + length);
  }

  private int skipToMethods() {
    int count = u2();
    texts = new String[count];
    for (int i = 1; i < count; ++i) {
      int tag = in.get();
      switch (tag) {
        case 1:
          int length = u2();
          texts[i] = new String(in.array(), in.position(), length, StandardCharsets.ISO_8859_1);
          skip(length);
          break;
        case 5: case 6:
          skip(8);
          ++i;
          break;
        case 7: case 8: case 16: case 19: case 20:
          skip(2);
          break;
        case 15:
          skip(3);
          break;
        case 3: case 4: case 9: case 10: case 11: case 12: case 17: case 18:
          skip(4);
          break;
        default:
          throw new IllegalArgumentException("constant of kind " + tag);
      }
    }
    skip(6);
    skip(2 * u2());
    int fields = u2();
    for (int i = 0; i < fields; ++i) {
      skip(6);
      int attributes = u2();
      for (int k = 0; k < attributes; ++k) {
        skip(2);
        skip(in.getInt());
      }
    }
    return in.position();
  }

  /** The pool with what the calls need behind it. */
  private void constants(int methods) throws IOException {
    int count = u2(), all = count + 6 + methods;
    if (all > 0xffff) throw new IllegalArgumentException("too many constants");
    int end = endOfConstants();
    out.writeShort(all);
    copy(end - in.position());
    out.writeByte(1);
    out.writeUTF("testselect/Entered");
    out.writeByte(7);
    out.writeShort(count);
    out.writeByte(1);
    out.writeUTF("enter");
    out.writeByte(1);
    out.writeUTF("(I)V");
    out.writeByte(12);
    out.writeShort(count + 2);
    out.writeShort(count + 3);
    out.writeByte(10);
    out.writeShort(count + 1);
    out.writeShort(count + 4);
    call = count + 5;
    firstNumber = count + 6;
    for (int i = 0; i < methods; ++i) {
      out.writeByte(3);
      out.writeInt(first + i);
    }
  }

  private int endOfConstants() {
    int at = in.position();
    for (int i = 1; i < texts.length; ++i) {
      int tag = in.get(at);
      if (tag == 1) at += 3 + (in.getShort(at + 1) & 0xffff);
      else if (tag == 5 || tag == 6) { at += 9; ++i; }
      else if (tag == 7 || tag == 8 || tag == 16 || tag == 19 || tag == 20) at += 3;
      else if (tag == 15) at += 4;
      else at += 5;
    }
    return at;
  }

  private void method(int index) throws IOException {
    int name = in.getShort(in.position() + 2) & 0xffff;
    initialisers[index] = texts[name].startsWith("<");
    if (texts[name].equals("<clinit>")) initialiser = index;
    lines[index] = new int[0];
    copy(6);
    int attributes = in.getShort(in.position()) & 0xffff;
    copy(2);
    for (int i = 0; i < attributes; ++i) {
      String kind = texts[in.getShort(in.position()) & 0xffff];
      int length = in.getInt(in.position() + 2);
      if (kind.equals("Code")) code(index); else copy(6 + length);
    }
  }

  private void code(int index) throws IOException {
    copy(2);
    int length = in.getInt();
    ByteBuffer old = in.slice();
    old.limit(length);
    skip(length);
    byte[] moved = new Code(old, index).moved();
    out.writeInt(moved.length);
    out.write(moved);
  }

  /** The content of one Code attribute. */
  private final class Code {
    private final ByteBuffer from;
    private final int index;
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();
    private final DataOutputStream to = new DataOutputStream(content);

    Code(ByteBuffer from, int index) {
      this.from = from;
      this.index = index;
    }

    private int u2() {
      return from.getShort() & 0xffff;
    }

    private void copy(int length) throws IOException {
      for (int i = 0; i < length; ++i) to.writeByte(from.get());
    }

    private void place() throws IOException {
      to.writeShort(u2() + PREFIX);
    }

    byte[] moved() throws IOException {
      to.writeShort(Math.max(u2(), 1));
      copy(2);
      int length = from.getInt();
      if (length + PREFIX > 0xffff) throw new IllegalArgumentException("too long a method");
      to.writeInt(length + PREFIX);
      to.writeByte(LDC_W);
      to.writeShort(firstNumber + index);
      to.writeByte(INVOKESTATIC);
      to.writeShort(call);
      to.writeByte(NOP);
      to.writeByte(NOP);
      copy(length);
      int handlers = u2();
      to.writeShort(handlers);
      for (int i = 0; i < handlers; ++i) {
        place();
        place();
        place();
        copy(2);
      }
      int attributes = u2();
      to.writeShort(attributes);
      for (int i = 0; i < attributes; ++i) attribute();
      return content.toByteArray();
    }

    private void attribute() throws IOException {
      int name = u2(), length = from.getInt();
      to.writeShort(name);
      switch (texts[name]) {
        case "LineNumberTable":
          to.writeInt(length);
          lineNumbers();
          break;
        case "LocalVariableTable": case "LocalVariableTypeTable":
          to.writeInt(length);
          int variables = u2();
          to.writeShort(variables);
          for (int i = 0; i < variables; ++i) {
            place();
            copy(8);
          }
          break;
        case "StackMapTable":
          ByteArrayOutputStream frames = new ByteArrayOutputStream();
          stackMap(new DataOutputStream(frames));
          to.writeInt(frames.size());
          frames.writeTo(to);
          break;
        default:
          to.writeInt(length);
          copy(length);
      }
    }

    private void lineNumbers() throws IOException {
      int count = u2();
      to.writeShort(count);
      int[] found = new int[count];
      for (int i = 0; i < count; ++i) {
        place();
        found[i] = u2();
        to.writeShort(found[i]);
      }
      lines[index] = IntStream.concat(Arrays.stream(lines[index]), Arrays.stream(found)).distinct().sorted().toArray();
    }

    // Frames say how far they are from the one before: only the first moves.
    private void stackMap(DataOutputStream map) throws IOException {
      int frames = u2();
      map.writeShort(frames);
      for (int i = 0; i < frames; ++i) {
        int by = i == 0 ? PREFIX : 0, type = from.get() & 0xff;
        if (type < 64) {
          if (type + by < 64) {
            map.writeByte(type + by);
          } else {
            map.writeByte(251);
            map.writeShort(type + by);
          }
        } else if (type < 128) {
          if (type + by < 128) {
            map.writeByte(type + by);
          } else {
            map.writeByte(247);
            map.writeShort(type - 64 + by);
          }
          types(map, 1);
        } else {
          map.writeByte(type);
          map.writeShort(u2() + by);
          if (type == 247) types(map, 1);
          else if (type > 251 && type < 255) types(map, type - 251);
          else if (type == 255) {
            listOfTypes(map);
            listOfTypes(map);
          }
        }
      }
    }

    private void listOfTypes(DataOutputStream map) throws IOException {
      int count = u2();
      map.writeShort(count);
      types(map, count);
    }

    private void types(DataOutputStream map, int count) throws IOException {
      for (int i = 0; i < count; ++i) {
        int tag = from.get();
        map.writeByte(tag);
        if (tag == 7) map.writeShort(u2());
        else if (tag == 8) map.writeShort(u2() + PREFIX);  // an object that `new` at that place made
      }
    }
  }
}
