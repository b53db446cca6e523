package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The sums are of what Pillow 12.3 reads from the same files: upright, as RGB. */
class PicturesTest {
  private static final String RGB =
      "46a1d028310b61a4369b54cac34f1aa28f8e17353ef46e3dd19c447bdf372942";
  private static final String TURNED =
      "133b57e1547b8df232eceb54508b30cbc86fb4914be4cd76dffeab661fc3f091";

  @ParameterizedTest
  @ValueSource(
      strings = {"rgb.png", "rgb.bmp", "rgb.tif", "alpha.png", "alpha.webp", "lossless.webp"})
  void shouldReadWhatLosesNothing(String name) throws IOException {
    Picture picture = Pictures.read(TestPictures.resource(name));
    assertThat(picture.width()).isEqualTo(48);
    assertThat(picture.height()).isEqualTo(32);
    assertThat(TestPictures.sha256(picture.rgb())).isEqualTo(RGB);
  }

  @ParameterizedTest
  @CsvSource({
    "bilevel.png, 554ea9b3e22f10afe2b61978809f720928c5620dc60246085b98c8ede11d9191",
    "grey.jpg, 239dccfab2e29a22adb8b065936c4630ef3367ad30bc21be47e09917eed63b53",
    "grey.png, 31050c143adb582f1582e1225ee089001b595a08afa59f0c81523e026c4ba1e6",
    "grey16.png, 258d291aaae1b24b7c7fa5f9cd947dfe842e566904c96372cc1da9e44ba965bb",
    "palette.gif, 3d77bed5c617cc57454c0e1a4682af975b90b8b9021869ccf02e8309132c360f",
    "palette.png, 3d77bed5c617cc57454c0e1a4682af975b90b8b9021869ccf02e8309132c360f",
    "photo.jpg, 037d559a3a50a3cb18846746507746e45f4dcf89664e590004d677458fbda69f",
    "turned-1.jpg, 037d559a3a50a3cb18846746507746e45f4dcf89664e590004d677458fbda69f",
    "turned-2.jpg, 2411068fe797c87334a45f7dbe117d6cadc49d18b7606be5a979c66988235e3c",
    "turned-3.jpg, 52865353f064821072d68cebfdff2e83363d921861c4b672ac0707ca79c3293e",
    "turned-4.jpg, c972268eb74a406794cbdc06d0ec28eaae138b92716ab2a270ad3a3fe46bb6d7",
    "turned-5.jpg, 1bd067786d82ca33ebae660f83ae78e107044e5a0fbe6023a42e7881240500a4",
    "turned-6.jpg, a8e474cce5166886ddde00d621c21e28b00cc419615c7d25397ed5b37e83aaca",
    "turned-7.jpg, deb6da7f565866ada173c2101746bba18222e9dd61a7114dc943489a9b1c1e88",
    "turned-8.jpg, e28e1aeb5787378c2028f9b963344d115e218868565e0e8f123b868bd069875c",
    "turned-6.png, " + TURNED,
    "turned-6.webp, " + TURNED,
  })
  void shouldReadAsPillowDoes(String name, String sum) throws IOException {
    Picture picture = Pictures.read(TestPictures.resource(name));
    assertThat(TestPictures.sha256(picture.rgb())).isEqualTo(sum);
  }

  @Test
  void shouldReadLossyWebp() throws IOException {
    Picture lossy = Pictures.read(TestPictures.resource("lossy.webp"));
    Picture exact = Pictures.read(TestPictures.resource("rgb.png"));
    assertThat(TestPictures.psnr(lossy.rgb(), exact.rgb())).isGreaterThan(34);
  }

  /** The sums are of Pillow's {@code ImageOps.fit} with Lanczos on pseudo-random pictures. */
  @ParameterizedTest
  @CsvSource({
    "300, 200, 64, 64, 6b85bbdf5e6df9ef3806844b7d53c299d60e2ee02632897662b586e2072c027c",
    "200, 300, 64, 32, b090d42d273af24056629929c48a9128eb831f5719c4bbccfc250f8458d2c634",
    "640, 360, 416, 240, e3fb70c4035fe5366073a2767da31426ecfa0e1fd60eb1b99ce66d06a058cd87",
    "31, 77, 64, 64, 1dc939c7783b08c3e12181b9a042fd60910c0b0151bde1abbb9635f32ab10cdb",
    "64, 64, 64, 64, aa765352311c11ebef1867db2f11a11bdd423710e80e49dd7cbf92ffcf25bb09",
    "101, 100, 50, 50, 4b8a01035354cf0cb4cbf8cd376e9e77e5f5eb21b1d9cba0a20db243419538c0",
  })
  void shouldCropTheMiddle(int width, int height, int newWidth, int newHeight, String sum) {
    Picture picture = new Picture(width, height, TestPictures.noise(width * height * 3));
    Picture cropped = picture.cropped(newWidth, newHeight);
    assertThat(TestPictures.sha256(cropped.rgb())).isEqualTo(sum);
  }

  @Test
  void shouldStretchAsPillowResizes() {
    Picture picture = new Picture(300, 200, TestPictures.noise(300 * 200 * 3));
    assertThat(TestPictures.sha256(picture.stretched(64, 64).rgb()))
        .isEqualTo("94dd1d9edc67f8474313c35719a9bde0c5bad343817f4d0b57db34634f004034");
  }

  @Test
  void shouldComeBackFromJavasImage() throws IOException {
    Picture picture = Pictures.read(TestPictures.resource("rgb.png"));
    assertThat(Pictures.of(picture.toImage()).rgb()).isEqualTo(picture.rgb());
  }

  @Test
  void shouldSayWhyAFileIsNoPicture(@TempDir Path folder) throws IOException {
    refuse(folder.resolve("none.png"), "it does not exist");
    refuse(folder, "it is a folder");
    refuse(Files.createFile(folder.resolve("empty.png")), "it is empty");
    Path text = Files.writeString(folder.resolve("text.png"), "a red ball bounces on green grass");
    refuse(text, "it is no PNG, JPEG, GIF, BMP, TIFF or WebP picture");
    refuse(TestPictures.resource("cmyk.jpg"), "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb.png",
        "rgb.bmp",
        "rgb.tif",
        "photo.jpg",
        "palette.gif",
        "lossless.webp",
        "lossy.webp"
      })
  void shouldRefuseATruncatedPictureWhereverItEnds(String name, @TempDir Path folder)
      throws IOException {
    byte[] whole = Files.readAllBytes(TestPictures.resource(name));
    for (int percent : new int[] {1, 5, 20, 40, 60, 80, 90}) {
      Path file = folder.resolve(percent + name);
      Files.write(file, Arrays.copyOf(whole, whole.length * percent / 100));
      refuse(file, "");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb.png",
        "rgb.bmp",
        "rgb.tif",
        "turned-6.jpg",
        "palette.gif",
        "lossless.webp",
        "lossy.webp",
        "turned-6.webp"
      })
  void shouldSurviveDamage(String name, @TempDir Path folder) throws IOException {
    byte[] whole = Files.readAllBytes(TestPictures.resource(name));
    byte[] noise = TestPictures.noise(4096);
    Path file = folder.resolve(name);
    for (int round = 0; round < 150; round++) {
      byte[] damaged = whole.clone();
      for (int i = 0; i < 4; i++) {
        int at = (noise[4 * round + i] & 0xff) << 8 | noise[4 * round + i + 1000] & 0xff;
        int reach = i < 2 ? Math.min(64, whole.length) : whole.length;
        damaged[at % reach] = noise[4 * round + i + 2000];
      }
      Files.write(file, damaged);
      try {
        Pictures.read(file);
      } catch (MediaException e) {
        assertThat(e.getMessage()).startsWith("cannot read ").doesNotContain("\n");
      }
    }
  }

  @Test
  void shouldRefuseHugeSizesBeforeItDecodes(@TempDir Path folder) throws IOException {
    Path png = Files.write(folder.resolve("huge.png"), pngHeader(60_000, 60_000));
    refuse(png, "60000x60000 pixels are more than 64 megapixels");
    byte[] webp = Files.readAllBytes(TestPictures.resource("lossless.webp"));
    Arrays.fill(webp, 21, 25, (byte) 0xff);
    refuse(Files.write(folder.resolve("huge.webp"), webp), "more than 64 megapixels");
    byte[] bmp = Files.readAllBytes(TestPictures.resource("rgb.bmp"));
    ByteBuffer.wrap(bmp).putInt(18, 0xffffff7f).putInt(22, 0xffffff7f);
    refuse(Files.write(folder.resolve("huge.bmp"), bmp), "");
  }

  private static byte[] pngHeader(int width, int height) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(17).put("IHDR".getBytes(StandardCharsets.US_ASCII));
    chunk.putInt(width).putInt(height).put(new byte[] {8, 2, 0, 0, 0});
    CRC32 sum = new CRC32();
    sum.update(chunk.array());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13});
    out.write(chunk.array());
    out.write(ByteBuffer.allocate(4).putInt((int) sum.getValue()).array());
    return out.toByteArray();
  }

  private static void refuse(Path file, String reason) {
    assertThatThrownBy(() -> Pictures.read(file))
        .isInstanceOf(MediaException.class)
        .hasMessageStartingWith("cannot read ")
        .hasMessageContaining(file.toString())
        .hasMessageContaining(reason)
        .message()
        .doesNotContain("\n");
  }
}
