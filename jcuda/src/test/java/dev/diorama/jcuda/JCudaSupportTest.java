package dev.diorama.jcuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.DioramaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JCudaSupportTest {
  @Test
  void shouldSayWhatIsMissingFirst() {
    assertThat(JCudaSupport.missing(library -> false, resource -> true))
        .contains(
            "JCuda needs the NVIDIA driver, and there is no libcuda.so.1 on this machine; install"
                + " the driver");
    assertThat(JCudaSupport.missing(library -> true, resource -> false))
        .contains(
            "JCuda's natives are not on the class path; add the dependency"
                + " org.jcuda:jcuda-natives:12.6.0 (classifier linux-x86_64)");
    assertThat(JCudaSupport.missing(library -> true, resource -> true)).isEmpty();
  }

  @Test
  void shouldAskForCublasOfCuda12() {
    assertThat(JCudaSupport.missingForCublas(name -> name.contains("cuda"), resource -> true))
        .hasValueSatisfying(sentence ->
            assertThat(sentence)
                .startsWith("JCublas needs cuBLAS of CUDA 12, and there is no libcublas.so.12"));
    assertThat(
            JCudaSupport.missingForCublas(
                library -> true, resource -> !resource.contains("JCublas2")))
        .hasValueSatisfying(
            sentence -> assertThat(sentence).contains("org.jcuda:jcublas-natives:12.6.0"));
    assertThat(JCudaSupport.missingForCublas(library -> true, resource -> true)).isEmpty();
  }

  /** What the sentence says is asked of the machine, not of a switch. */
  @Test
  void shouldLookAtThisMachine() throws Exception {
    Optional<String> missing = JCudaSupport.missing();
    if (Files.readString(Path.of("/proc/devices")).contains("nvidia")) {
      assertThat(missing).isEmpty();
    } else if (missing.isPresent()) {
      assertThatThrownBy(JCudaSupport::require)
          .isInstanceOf(DioramaException.class)
          .hasMessage(missing.get());
    }
  }
}
