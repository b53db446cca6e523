package dev.diorama.model.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Character references of HTML 5 ({@code &eacute;}, {@code &#233;}) back to characters, in the two
 * ways that the prompt's cleaning needs: as a browser does it, and more carefully.
 */
final class HtmlEntities {

  private static final String TABLE = "html-entities.txt";
  private static final Pattern REFERENCE =
      Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");
  private static final Pattern CAREFUL_REFERENCE = Pattern.compile("&#?[0-9A-Za-z]{1,24};");
  private static final String REPLACEMENT = "\ufffd";
  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

  /** Names without '&', with ';' where it must follow. */
  private static final Map<String, String> NAMES = read();

  private HtmlEntities() {}

  private static Map<String, String> read() {
    Map<String, String> names = new HashMap<>();
    try (var lines =
        new BufferedReader(
            new InputStreamReader(
                HtmlEntities.class.getResourceAsStream(TABLE), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("#")) {
          continue;
        }
        String[] fields = line.split(" ");
        StringBuilder value = new StringBuilder();
        for (int i = 1; i < fields.length; i++) {
          value.appendCodePoint(Integer.parseInt(fields[i], 16));
        }
        String name = fields[0];
        names.put(name, value.toString());
        if (!name.endsWith(";")) {
          names.put(name + ";", value.toString());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return names;
  }

  /**
   * Replaces all references as a browser does: also those without a semicolon, by the longest name
   * that fits.
   */
  static String unescape(String text) {
    if (text.indexOf('&') < 0) {
      return text;
    }
    return REFERENCE
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(character(match.group(1))));
  }

  /**
   * Replaces only references that end with a semicolon, and names in capitals ({@code &EACUTE;})
   * where they can mean nothing else.
   */
  static String unescapeCarefully(String text) {
    if (text.indexOf('&') < 0) {
      return text;
    }
    return CAREFUL_REFERENCE
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(careful(match.group())));
  }

  private static String careful(String reference) {
    if (reference.startsWith("&#")) {
      String value = unescape(reference);
      return value.indexOf(';') >= 0 ? reference : value;
    }
    String name = reference.substring(1);
    String value = NAMES.get(name);
    if (value != null) {
      return value;
    }
    String lower = NAMES.get(name.toLowerCase(Locale.ROOT));
    boolean capitals = name.equals(name.toUpperCase(Locale.ROOT));
    return lower != null && capitals && unescape(reference).equals(reference)
        ? lower.toUpperCase(Locale.ROOT)
        : reference;
  }

  private static String character(String reference) {
    if (reference.charAt(0) == '#') {
      return numeric(reference);
    }
    String value = NAMES.get(reference);
    for (int end = reference.length() - 1; value == null && end > 1; end--) {
      String prefix = NAMES.get(reference.substring(0, end));
      if (prefix != null) {
        value = prefix + reference.substring(end);
      }
    }
    return value == null ? "&" + reference : value;
  }

  private static String numeric(String reference) {
    int end = reference.endsWith(";") ? reference.length() - 1 : reference.length();
    boolean hex = Character.toLowerCase(reference.charAt(1)) == 'x';
    String digits = reference.substring(hex ? 2 : 1, end).replaceFirst("^0+(?=.)", "");
    int code = digits.length() > 8 ? Integer.MAX_VALUE : parse(digits, hex ? 16 : 10);
    if (code >= 0x80 && code <= 0x9f) {
      return windows1252(code);
    }
    boolean surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code == 0 || surrogate || code > Character.MAX_CODE_POINT) {
      return REPLACEMENT;
    }
    return isNothing(code) ? "" : Character.toString(code);
  }

  private static int parse(String digits, int radix) {
    return (int) Math.min(Integer.MAX_VALUE, Long.parseLong(digits, radix));
  }

  /** Control characters and code points that are no characters stand for nothing. */
  private static boolean isNothing(int code) {
    boolean control = code < 0x20 && code != '\t' && code != '\n' && code != '\f' && code != '\r';
    return control
        || code == 0x7f
        || (code >= 0xfdd0 && code <= 0xfdef)
        || (code & 0xfffe) == 0xfffe;
  }

  /** A byte of Windows-1252; the five that it leaves open stand for themselves. */
  static String windows1252(int code) {
    String text = new String(new byte[] {(byte) code}, WINDOWS_1252);
    return text.equals(REPLACEMENT) ? Character.toString(code) : text;
  }
}
