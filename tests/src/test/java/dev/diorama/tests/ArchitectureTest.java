package dev.diorama.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Imports point downwards only, and what is native stays at the bottom. */
class ArchitectureTest {
  /** From the bottom to the top; a package may use its own layer and those before it. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("dev.diorama.ffi"),
          List.of("dev.diorama", "dev.diorama.internal.."),
          List.of("dev.diorama.jcuda"),
          List.of("dev.diorama.model..", "dev.diorama.media..", "dev.diorama.splat.."),
          List.of("dev.diorama.video..", "dev.diorama.scene.."),
          List.of("dev.diorama.cli.."),
          List.of("dev.diorama.benchmarks.."));

  /** Benchmarks measure bare native calls as well; nobody else makes them. */
  private static final String[] PIPELINE = names(LAYERS.subList(3, LAYERS.size() - 1));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.diorama");

  static IntStream layers() {
    return IntStream.range(0, LAYERS.size() - 1);
  }

  @ParameterizedTest
  @MethodSource("layers")
  void shouldNotImportFromALayerAbove(int layer) {
    noClasses()
        .that()
        .resideInAnyPackage(names(LAYERS.subList(layer, layer + 1)))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(names(LAYERS.subList(layer + 1, LAYERS.size())))
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void shouldPlaceEveryPackageInALayer() {
    noClasses()
        .should()
        .resideOutsideOfPackages(names(LAYERS))
        .as("every package of Diorama has a place in ArchitectureTest.LAYERS")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCycleOfPackages() {
    slices().matching("dev.diorama.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void shouldKeepMemorySegmentsBelowThePipeline() {
    noClasses()
        .that()
        .resideInAnyPackage(PIPELINE)
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.MemorySegment")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void shouldReachTheBindingsOnlyThroughTheApi() {
    noClasses()
        .that()
        .resideInAnyPackage(PIPELINE)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.diorama.ffi")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  /** JCuda is optional: who does not ask for its module never loads a class of it. */
  @Test
  void shouldKeepJCudaInItsModuleAndTheBenchmarks() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.diorama.jcuda", "dev.diorama.benchmarks..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jcuda..", "dev.diorama.jcuda")
        .check(CLASSES);
  }

  @Test
  void shouldOpenNoConnection() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.net.Socket")
        .orShould()
        .dependOnClassesThat()
        .resideInAPackage("java.net.http..")
        .check(CLASSES);
  }

  @Test
  void shouldSeeTheClassesOfEveryModule() {
    assertThat(CLASSES.stream().map(c -> c.getPackageName()).distinct())
        .contains(
            "dev.diorama.ffi",
            "dev.diorama",
            "dev.diorama.jcuda",
            "dev.diorama.video",
            "dev.diorama.cli");
  }

  private static String[] names(List<List<String>> layers) {
    return layers.stream().flatMap(List::stream).toArray(String[]::new);
  }
}
