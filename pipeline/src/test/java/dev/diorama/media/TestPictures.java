package dev.diorama.media;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Pictures, clips and other people's programs for the tests. */
final class TestPictures {
  static final int WIDTH = 64;
  static final int HEIGHT = 48;

  private TestPictures() {}

  /** Bytes of a linear congruential generator, the same ones in a line of Python. */
  static byte[] noise(int size) {
    byte[] out = new byte[size];
    int state = 12345;
    for (int i = 0; i < size; i++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      out[i] = (byte) (state >> 16);
    }
    return out;
  }

  /** A soft moving picture from 0 to 1. */
  static float[] frame(int index, int width, int height) {
    float[] rgb = new float[width * height * 3];
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double distance = Math.hypot(x - width / 2.0 - 2 * index, y - height / 2.0);
        rgb[at++] = (float) (0.5 + 0.4 * Math.cos(distance / 6));
        rgb[at++] = (float) y / height;
        rgb[at++] = (float) (0.5 + 0.4 * Math.sin((x + index) / 9.0));
      }
    }
    return rgb;
  }

  static Clip clip(double fps) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("prompt", "a red ball, \"grün\" 球");
    metadata.put("seed", "42");
    metadata.put("model", "nano");
    metadata.put("version", "0.1.0");
    return new Clip(WIDTH, HEIGHT, fps, metadata);
  }

  /** Writes a few frames and commits. */
  static void write(Output output, int frames, double fps) throws IOException {
    try (FrameSink sink = output.open(clip(fps))) {
      for (int i = 0; i < frames; i++) {
        sink.add(frame(i, WIDTH, HEIGHT));
      }
      sink.commit();
    }
  }

  /** The peak signal-to-noise ratio of 8-bit samples in decibels. */
  static double psnr(byte[] a, byte[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(a.length + " and " + b.length + " samples");
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (a[i] & 0xff) - (b[i] & 0xff);
      sum += difference * difference;
    }
    return sum == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(255 * 255 * a.length / sum);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static Path resource(String name) {
    URL url = Objects.requireNonNull(TestPictures.class.getResource(name), name);
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs ffmpeg or ffprobe and returns its output; skips the test where it is not installed. */
  static byte[] run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    } catch (IOException e) {
      assumeTrue(false, command[0] + " is not installed");
      throw e;
    }
    byte[] output = process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
    return output;
  }
}
