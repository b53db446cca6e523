package dev.diorama.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments as they were typed. Java decodes them with the locale's charset, which in a bare
 * container knows ASCII only; the kernel still has the bytes.
 */
final class Arguments {
  private static final Path COMMAND = Path.of("/proc/self/cmdline");
  private static final char REPLACEMENT = '\uFFFD';

  private Arguments() {}

  /** The same arguments, decoded as UTF-8; those that are no UTF-8 hold U+FFFD. */
  static String[] asTyped(String[] decoded) {
    boolean plain = true;
    for (String argument : decoded) {
      plain &= argument.chars().allMatch(c -> c < 0x80);
    }
    return plain ? decoded : decode(decoded);
  }

  private static String[] decode(String[] decoded) {
    List<byte[]> raw;
    try {
      raw = split(Files.readAllBytes(COMMAND));
    } catch (IOException e) {
      return decoded;
    }
    int first = raw.size() - decoded.length;
    if (first < 0) {
      return decoded;
    }
    String[] typed = new String[decoded.length];
    for (int i = 0; i < typed.length; i++) {
      typed[i] = utf8(raw.get(first + i));
    }
    return typed;
  }

  private static List<byte[]> split(byte[] command) {
    List<byte[]> parts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < command.length; i++) {
      if (command[i] == 0) {
        parts.add(java.util.Arrays.copyOfRange(command, start, i));
        start = i + 1;
      }
    }
    return parts;
  }

  private static String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return new String(bytes, StandardCharsets.US_ASCII);
    }
  }

  /** Refuses text that was no UTF-8. */
  static void check(String what, String text) {
    if (text != null && text.indexOf(REPLACEMENT) >= 0) {
      throw new UsageException(what + " is not valid UTF-8");
    }
  }
}
