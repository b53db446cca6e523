package dev.diorama.model.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Repairs text that was UTF-8, but was read as Latin-1 or Windows-1252: {@code cafÃ©} was {@code
 * café}.
 *
 * <p>Characters are turned back into the bytes they came from. Where those are well-formed UTF-8
 * and the characters look unlikely beside each other, the bytes are read again. Both conditions are
 * needed: {@code “passé…”} has well-formed bytes by accident, but nothing unlikely in it.
 */
final class EncodingRepair {

  private static final int MAX_ROUNDS = 8;

  /** Punctuation that people put behind an accented letter; it alone makes no text unlikely. */
  private static final String EVERYDAY =
      "\u00a0\u00a1\u00a9\u00ab\u00ad\u00ae\u00b4\u00b7\u00bb\u00bf"
          + "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u2122\u2039\u203a";

  /** The first characters of most broken Latin text, which hardly ever stand before a symbol. */
  private static final String BROKEN_LEADS = "\u00c2\u00c3";

  private static final Map<Character, Integer> WINDOWS_1252 = new HashMap<>();

  static {
    for (int code = 0x80; code <= 0x9f; code++) {
      WINDOWS_1252.put(HtmlEntities.windows1252(code).charAt(0), code);
    }
  }

  private EncodingRepair() {}

  /** Repairs a text, as often as it was broken. */
  static String repair(String text) {
    String before = text;
    for (int round = 0; round < MAX_ROUNDS; round++) {
      String after = repairOnce(before);
      if (after.equals(before)) {
        break;
      }
      before = after;
    }
    return before;
  }

  /**
   * Reads runs of sequences again: all of them when the text holds nothing else beyond ASCII and
   * one is unlikely, else those that are unlikely themselves.
   */
  private static String repairOnce(String text) {
    boolean all = isBrokenThroughout(text);
    StringBuilder out = new StringBuilder(text.length());
    int at = 0;
    while (at < text.length()) {
      int end = at;
      boolean unlikely = all;
      for (int next = sequenceEnd(text, end); next > end; next = sequenceEnd(text, end)) {
        unlikely |= isUnlikely(text, end, next);
        end = next;
      }
      if (end == at) {
        // Not the start of a sequence; the rest of a broken one stays as it is.
        out.append(text.charAt(at++));
      } else {
        out.append(unlikely ? decode(text, at, end) : text.substring(at, end));
        at = end;
      }
    }
    return out.toString();
  }

  private static boolean isBrokenThroughout(String text) {
    boolean unlikely = false;
    int at = 0;
    while (at < text.length()) {
      int end = text.charAt(at) < 0x80 ? at + 1 : sequenceEnd(text, at);
      if (end == at) {
        return false;
      }
      unlikely |= text.charAt(at) >= 0x80 && isUnlikely(text, at, end);
      at = end;
    }
    return unlikely;
  }

  /**
   * The end of the UTF-8 sequence of two to four bytes that begins here, or {@code at} when none
   * does.
   */
  private static int sequenceEnd(String text, int at) {
    int lead = at < text.length() ? byteOf(text.charAt(at)) : -1;
    int length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : 0;
    if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
    }
    if (length == 0 || at + length > text.length()) {
      return at;
    }
    for (int i = at + 1; i < at + length; i++) {
      int continuation = byteOf(text.charAt(i));
      if (continuation < 0x80 || continuation > 0xbf) {
        return at;
      }
    }
    return decode(text, at, at + length) == null ? at : at + length;
  }

  private static boolean isUnlikely(String text, int from, int to) {
    if (BROKEN_LEADS.indexOf(text.charAt(from)) >= 0) {
      return true;
    }
    for (int i = from + 1; i < to; i++) {
      if (EVERYDAY.indexOf(text.charAt(i)) < 0) {
        return true;
      }
    }
    return false;
  }

  private static String decode(String text, int from, int to) {
    byte[] bytes = new byte[to - from];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) byteOf(text.charAt(from + i));
    }
    try {
      CharBuffer decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return decoded.toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** The byte that was read as this character, or -1. */
  private static int byteOf(char character) {
    return character < 0x100 ? character : WINDOWS_1252.getOrDefault(character, -1);
  }
}
