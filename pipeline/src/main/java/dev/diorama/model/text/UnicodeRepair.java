package dev.diorama.model.text;

import java.text.Normalizer;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The repairs that the library ftfy makes with its default settings, which the Wan models' makers
 * run on every prompt: broken encodings, ligatures, full-width letters, curly quotes, line breaks,
 * terminal codes, control characters, and composition of accents.
 */
final class UnicodeRepair {

  private static final int MAX_ROUNDS = 100;
  private static final Pattern TERMINAL_CODE = Pattern.compile("\u001b\\[[0-9;]*[a-zA-Z]");
  private static final Pattern SINGLE_QUOTE = Pattern.compile("[\u02bc\u2018-\u201b]");
  private static final Pattern DOUBLE_QUOTE = Pattern.compile("[\u201c-\u201f]");
  private static final Pattern LINE_BREAK = Pattern.compile("\r\n|[\r\u2028\u2029\u0085]");

  /** Single characters that stand for two or three letters. */
  private static final Map<Character, String> LIGATURES =
      Map.ofEntries(
          Map.entry('\u0132', "IJ"),
          Map.entry('\u0133', "ij"),
          Map.entry('\u0149', "\u02bcn"),
          Map.entry('\u01f1', "DZ"),
          Map.entry('\u01f2', "Dz"),
          Map.entry('\u01f3', "dz"),
          Map.entry('\u01c4', "D\u017d"),
          Map.entry('\u01c5', "D\u017e"),
          Map.entry('\u01c6', "d\u017e"),
          Map.entry('\u01c7', "LJ"),
          Map.entry('\u01c8', "Lj"),
          Map.entry('\u01c9', "lj"),
          Map.entry('\u01ca', "NJ"),
          Map.entry('\u01cb', "Nj"),
          Map.entry('\u01cc', "nj"),
          Map.entry('\ufb00', "ff"),
          Map.entry('\ufb01', "fi"),
          Map.entry('\ufb02', "fl"),
          Map.entry('\ufb03', "ffi"),
          Map.entry('\ufb04', "ffl"),
          Map.entry('\ufb05', "\u017ft"),
          Map.entry('\ufb06', "st"));

  private UnicodeRepair() {}

  /**
   * Repairs a text line by line. From the first line with a tag on, character references are left
   * alone.
   */
  static String repair(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean unescape = true;
    int at = 0;
    while (at < text.length()) {
      int lineFeed = text.indexOf('\n', at);
      int end = lineFeed < 0 ? text.length() : lineFeed + 1;
      String line = text.substring(at, end);
      unescape &= line.indexOf('<') < 0;
      out.append(repairLine(line, unescape));
      at = end;
    }
    return out.toString();
  }

  /** One repair may lay open another: all are repeated until nothing changes. */
  private static String repairLine(String line, boolean unescape) {
    String before = line;
    for (int round = 0; round < MAX_ROUNDS; round++) {
      String after = unescape ? HtmlEntities.unescapeCarefully(before) : before;
      after = EncodingRepair.repair(after);
      after = byCharacter(after);
      after = DOUBLE_QUOTE.matcher(after).replaceAll("\"");
      after = SINGLE_QUOTE.matcher(after).replaceAll("'");
      after = LINE_BREAK.matcher(after).replaceAll("\n");
      after = TERMINAL_CODE.matcher(after).replaceAll("");
      after = withoutControls(after);
      after = Normalizer.normalize(after, Normalizer.Form.NFC);
      if (after.equals(before)) {
        break;
      }
      before = after;
    }
    return before;
  }

  /**
   * Ligatures, full-width and half-width forms, stray Windows-1252 bytes and halves of surrogate
   * pairs.
   */
  private static String byCharacter(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        out.append(c);
      } else if (c <= 0x9f) {
        out.append(HtmlEntities.windows1252(c));
      } else if (LIGATURES.containsKey(c)) {
        out.append(LIGATURES.get(c));
      } else if (c == '\u3000') {
        out.append(' ');
      } else if (c >= '\uff01' && c <= '\uffef') {
        out.append(Normalizer.normalize(Character.toString(c), Normalizer.Form.NFKC));
      } else if (!Character.isSurrogate(c)) {
        out.append(c);
      } else if (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1))) {
        out.append(c).append(text.charAt(++i));
      } else {
        out.append('\ufffd');
      }
    }
    return out.toString();
  }

  private static String withoutControls(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars().filter(c -> !isControl(c)).forEach(c -> out.append((char) c));
    return out.toString();
  }

  private static boolean isControl(int c) {
    boolean ascii = c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r';
    return ascii
        || c == 0x7f
        || (c >= 0x206a && c <= 0x206f)
        || c == 0xfeff
        || (c >= 0xfff9 && c <= 0xfffc);
  }
}
