package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.BackendInfo;
import dev.diorama.DioramaException;
import dev.diorama.media.Encoders;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Tells what this machine can do, what is missing, and how to get it. */
@Command(
    name = "info",
    description = "Shows versions, backends, models, and how to get what is missing.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class InfoCommand implements Callable<Integer> {
  private static final double GIBI = 1L << 30;

  @Mixin private CommonOptions common;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Map<String, Object> facts = facts();
    PrintWriter out = spec.commandLine().getOut();
    if (common.json) {
      out.println(CommonOptions.json(facts));
    } else {
      facts.forEach((name, value) -> print(out, name, value));
    }
    return 0;
  }

  private static Map<String, Object> facts() throws IOException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("diorama", Version.text());
    facts.put("jdk", Runtime.version() + ", " + System.getProperty("java.vendor"));
    facts.put(
        "system",
        "%s %s %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("os.arch")));
    facts.put("threads", Runtime.getRuntime().availableProcessors());
    facts.put("java_memory_gib", Math.round(Runtime.getRuntime().maxMemory() / GIBI * 10) / 10.0);
    addBackends(facts);
    facts.put("video_files", Encoders.describe());
    facts.put("cache", Folders.cache().toString());
    facts.put("models", Folders.models().stream().map(Path::toString).toList());
    return facts;
  }

  /** A machine without natives is one of the things that this command must be able to tell. */
  private static void addBackends(Map<String, Object> facts) {
    try {
      facts.put("natives", Backend.libraryVersion());
      facts.put("backends", backends());
    } catch (DioramaException e) {
      facts.put("natives", "absent: " + e.getMessage());
    }
  }

  private static List<Map<String, Object>> backends() {
    List<Map<String, Object>> backends = new ArrayList<>();
    for (BackendInfo info : Backend.list()) {
      Map<String, Object> backend = new LinkedHashMap<>();
      backend.put("name", info.name());
      backend.put("available", info.available());
      backend.put("devices", info.deviceCount());
      backend.put("for_tests", info.forTests());
      backend.put("description", info.available() ? info.description() : info.reason());
      backends.add(backend);
    }
    return backends;
  }

  private static void print(PrintWriter out, String name, Object value) {
    String title = "%-16s".formatted(name.replace('_', ' '));
    if (!(value instanceof List<?> list)) {
      out.println(title + value);
      return;
    }
    if (list.isEmpty()) {
      out.println(title + "none");
    }
    for (Object item : list) {
      out.println(title + (item instanceof Map<?, ?> map ? line(map) : item));
      title = " ".repeat(16);
    }
  }

  private static String line(Map<?, ?> backend) {
    boolean there = Boolean.TRUE.equals(backend.get("available"));
    String purpose = Boolean.TRUE.equals(backend.get("for_tests")) ? "for tests: " : "";
    String state = there ? purpose : "absent: ";
    return "%-10s%s%s".formatted(backend.get("name"), state, backend.get("description"));
  }
}
