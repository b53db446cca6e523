package dev.diorama.model.text;

/**
 * What the Wan pipelines do to a prompt before the tokenizer sees it: broken Unicode is repaired,
 * character references of HTML are resolved twice, and white space becomes single spaces.
 */
public final class PromptCleaner {

  private PromptCleaner() {}

  /**
   * Cleans a prompt.
   *
   * @param prompt any text
   * @return the text that the tokenizer gets; may be empty
   */
  public static String clean(String prompt) {
    String text = UnicodeRepair.repair(prompt);
    text = HtmlEntities.unescape(HtmlEntities.unescape(text));
    return collapse(text);
  }

  private static String collapse(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean pending = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isSpace(c)) {
        pending = !out.isEmpty();
        continue;
      }
      if (pending) {
        out.append(' ');
        pending = false;
      }
      out.append(c);
    }
    return out.toString();
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
