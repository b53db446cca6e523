package dev.diorama.ffi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The declarations of diorama.h: as much of C as that header uses, and no more. */
final class CHeader {
  private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\n]*", Pattern.DOTALL);
  private static final Pattern MACRO = Pattern.compile("#define (DIO_\\w+) (\\d+)\\s");
  private static final Pattern DIRECTIVE = Pattern.compile("^[ \t]*#.*$", Pattern.MULTILINE);
  private static final Pattern ENUM = Pattern.compile("typedef enum (\\w+) DIO_ANY_INT \\{([^}]*)\\}");
  private static final Pattern STRUCT = Pattern.compile("typedef struct (\\w+) \\{([^}]*)\\}");
  private static final Pattern FUNCTION = Pattern.compile("DIO_API ([^;()]*?)(\\w+) ?\\(([^)]*)\\)");
  private static final Pattern VARIABLE =
      Pattern.compile("(.*?[\\s*])(\\w+)(?:\\[(\\w+)\\])?", Pattern.DOTALL);

  /** Names and Java types in the order of the declaration; the key "" holds what a function returns. */
  final Map<String, Map<String, Class<?>>> functions = new LinkedHashMap<>();

  /** Names of the fields, each with its size in bytes. */
  final Map<String, Map<String, Long>> structs = new LinkedHashMap<>();

  /** Enumerators and numeric macros. */
  final Map<String, Long> constants = new LinkedHashMap<>();

  private final Set<String> enums = new LinkedHashSet<>();

  static CHeader read(Path file) throws IOException {
    return new CHeader(Files.readString(file));
  }

  private CHeader(String source) {
    String text = COMMENT.matcher(source).replaceAll(" ");
    for (Matcher macro = MACRO.matcher(text); macro.find(); ) {
      constants.put(macro.group(1), Long.valueOf(macro.group(2)));
    }
    text = DIRECTIVE.matcher(text).replaceAll("").replaceAll("\\s+", " ");
    for (Matcher found = ENUM.matcher(text); found.find(); ) {
      enums.add(found.group(1));
      readEnumerators(found.group(2));
    }
    for (Matcher found = STRUCT.matcher(text); found.find(); ) {
      structs.put(found.group(1), readFields(found.group(2)));
    }
    for (Matcher found = FUNCTION.matcher(text); found.find(); ) {
      functions.put(found.group(2), readSignature(found.group(1), found.group(3)));
    }
  }

  private void readEnumerators(String body) {
    long next = 0;
    for (String enumerator : body.split(",")) {
      String[] sides = enumerator.strip().split("\\s*=\\s*");
      if (!sides[0].isEmpty()) {
        next = sides.length > 1 ? Long.decode(sides[1]) : next;
        constants.put(sides[0], next++);
      }
    }
  }

  private Map<String, Long> readFields(String body) {
    Map<String, Long> fields = new LinkedHashMap<>();
    for (String line : body.strip().split(";")) {
      String[] names = line.strip().split("\\s*,\\s*");
      Matcher first = variable(names[0]);
      long size = size(javaType(first.group(1)));
      fields.put(first.group(2), size * count(first.group(3)));
      for (int i = 1; i < names.length; i++) {
        fields.put(names[i], size);
      }
    }
    return fields;
  }

  private Map<String, Class<?>> readSignature(String result, String parameters) {
    Map<String, Class<?>> signature = new LinkedHashMap<>();
    signature.put("", javaType(result));
    if (!parameters.strip().equals("void")) {
      for (String parameter : parameters.split(",")) {
        Matcher variable = variable(parameter.strip());
        signature.put(variable.group(2), javaType(variable.group(1)));
      }
    }
    return signature;
  }

  private static Matcher variable(String declaration) {
    Matcher matcher = VARIABLE.matcher(declaration);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a declaration of a variable: " + declaration);
    }
    return matcher;
  }

  private long count(String dimension) {
    if (dimension == null) {
      return 1;
    }
    return constants.containsKey(dimension) ? constants.get(dimension) : Long.parseLong(dimension);
  }

  private Class<?> javaType(String declared) {
    if (declared.contains("*")) {
      return MemorySegment.class;
    }
    String type = declared.replace("const", "").strip();
    if (enums.contains(type)) {
      return int.class;
    }
    return switch (type) {
      case "int32_t", "uint32_t" -> int.class;
      case "int64_t", "uint64_t", "size_t" -> long.class;
      case "float" -> float.class;
      case "double" -> double.class;
      default -> throw new IllegalArgumentException("a type this test does not know: " + type);
    };
  }

  private static long size(Class<?> type) {
    return type == int.class || type == float.class ? 4 : 8;
  }
}
