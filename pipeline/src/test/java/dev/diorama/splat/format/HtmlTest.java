package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlTest {
  @TempDir private Path folder;

  private static boolean packed() {
    return HtmlFormat.class.getResource("viewer.html") != null;
  }

  @Test
  void shouldHoldTheViewerItsLicenceAndTheScene() throws IOException {
    assumeTrue(packed(), "the viewer is not packed: npm was absent or had no network");
    Gaussians scene = Scenes.random(100, 1);
    Path page = folder.resolve("a.html");
    SceneFormats.write(scene, page);
    String html = Files.readString(page);
    assertThat(html).contains("createViewer", "MIT License", "Copyright (c) 2011-");
    assertThat(html).doesNotContain("@diorama-", "src=\"http", "href=\"http");
    Matcher content =
        Pattern.compile("data:application/octet-stream;base64,([A-Za-z0-9+/=]+)\"").matcher(html);
    assertThat(content.find()).isTrue();
    Path inside = folder.resolve("inside.sog");
    Files.write(inside, Base64.getDecoder().decode(content.group(1)));
    Path alone = folder.resolve("alone.sog");
    SceneFormats.write(scene, alone);
    assertThat(inside).hasSameBinaryContentAs(alone);
  }

  @Test
  void shouldSayWhatIsMissingWhereThePageIsNot() {
    assumeTrue(!packed(), "the viewer is packed");
    assertThatThrownBy(() -> SceneFormats.write(Scenes.random(3, 0), folder.resolve("a.html")))
        .hasMessageContaining("install Node.js 20 or later with npm");
    assertThat(folder).isEmptyDirectory();
  }
}
