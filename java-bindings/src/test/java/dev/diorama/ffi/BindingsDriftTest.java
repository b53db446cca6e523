package dev.diorama.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The bindings say what native/include/diorama.h says. When this fails, run scripts/jextract.
 *
 * <p>It compares names, types and order, so that a comment may change without new bindings.
 */
class BindingsDriftTest {
  private final CHeader header;

  BindingsDriftTest() throws IOException {
    header =
        CHeader.read(Path.of(System.getProperty("diorama.home"), "native/include/diorama.h"));
  }

  @Test
  void shouldBindEveryFunctionWithItsSignature() {
    Map<String, Map<String, Class<?>>> bound = new LinkedHashMap<>();
    for (Method method : diorama_h.class.getDeclaredMethods()) {
      if (method.getName().startsWith("dio_") && !method.getName().contains("$")) {
        Map<String, Class<?>> signature = new LinkedHashMap<>();
        signature.put("", method.getReturnType());
        for (Parameter parameter : method.getParameters()) {
          signature.put(parameter.getName(), parameter.getType());
        }
        bound.put(method.getName(), signature);
      }
    }

    assertThat(header.functions).isNotEmpty();
    assertThat(bound.keySet()).containsExactlyInAnyOrderElementsOf(header.functions.keySet());
    header.functions.forEach(
        (name, signature) ->
            assertThat(bound.get(name).entrySet())
                .as(name)
                .containsExactlyElementsOf(signature.entrySet()));
  }

  @Test
  void shouldBindEveryConstantWithItsValue() throws ReflectiveOperationException {
    Map<String, Long> bound = new LinkedHashMap<>();
    for (Method method : diorama_h.class.getDeclaredMethods()) {
      if (method.getName().startsWith("DIO_")) {
        bound.put(method.getName(), ((Number) method.invoke(null)).longValue());
      }
    }

    assertThat(header.constants).isNotEmpty();
    assertThat(bound).containsExactlyInAnyOrderEntriesOf(header.constants);
  }

  @Test
  void shouldLayOutEveryStructAsDeclared() throws ReflectiveOperationException {
    assertThat(header.structs).isNotEmpty();
    for (var struct : header.structs.entrySet()) {
      Class<?> binding = Class.forName("dev.diorama.ffi." + struct.getKey());
      GroupLayout layout = (GroupLayout) binding.getMethod("layout").invoke(null);
      Map<String, Long> fields = new LinkedHashMap<>();
      layout.memberLayouts().stream()
          .filter(member -> !(member instanceof PaddingLayout))
          .forEach(member -> fields.put(member.name().orElseThrow(), member.byteSize()));

      assertThat(fields.entrySet())
          .as(struct.getKey())
          .containsExactlyElementsOf(struct.getValue().entrySet());
    }
  }

  @Test
  void shouldNoticeAParameterThatWasAdded() {
    String[] names =
        Arrays.stream(diorama_h.class.getDeclaredMethods())
            .filter(method -> method.getName().equals("dio_attention"))
            .flatMap(method -> Arrays.stream(method.getParameters()))
            .map(Parameter::getName)
            .toArray(String[]::new);

    assertThat(names).as("javac keeps the names of parameters").contains("q", "k", "v", "scale");
  }
}
