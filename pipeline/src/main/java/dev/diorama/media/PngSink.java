package dev.diorama.media;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOInvalidTreeException;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A folder of pictures {@code frame_0000.png} and so on, each with the metadata as international
 * text.
 */
final class PngSink implements FrameSink {
  private static final String NATIVE = "javax_imageio_png_1.0";

  private final Clip clip;
  private final Partial partial;
  private final ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
  private int frames;

  PngSink(Path path, Clip clip) throws MediaException {
    this.clip = clip;
    this.partial = Partial.folder(path);
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    BufferedImage image = new Picture(clip.width(), clip.height(), rgb).toImage();
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try (ImageOutputStream stream = new MemoryCacheImageOutputStream(encoded)) {
      writer.setOutput(stream);
      writer.write(new IIOImage(image, null, metadata(image)));
    }
    try {
      Files.write(
          partial.path().resolve("frame_%04d.png".formatted(frames)), encoded.toByteArray());
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    frames++;
  }

  private IIOMetadata metadata(BufferedImage image) throws IIOInvalidTreeException {
    IIOMetadata metadata =
        writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
    IIOMetadataNode text = new IIOMetadataNode("iTXt");
    for (Map.Entry<String, String> tag : clip.metadata().entrySet()) {
      text.appendChild(entry(tag.getKey(), tag.getValue()));
      if (tag.getKey().equals("prompt")) {
        text.appendChild(entry("Description", tag.getValue()));
      }
    }
    if (text.hasChildNodes()) {
      IIOMetadataNode root = new IIOMetadataNode(NATIVE);
      root.appendChild(text);
      metadata.mergeTree(NATIVE, root);
    }
    return metadata;
  }

  private static IIOMetadataNode entry(String keyword, String value) {
    IIOMetadataNode node = new IIOMetadataNode("iTXtEntry");
    node.setAttribute("keyword", keyword);
    node.setAttribute("compressionFlag", "FALSE");
    node.setAttribute("compressionMethod", "0");
    node.setAttribute("languageTag", "");
    node.setAttribute("translatedKeyword", "");
    node.setAttribute("text", value);
    return node;
  }

  @Override
  public void commit() throws IOException {
    if (frames == 0) {
      throw new MediaException("cannot write %s: there are no frames".formatted(partial.target()));
    }
    partial.commit();
  }

  @Override
  public void close() {
    writer.dispose();
    partial.close();
  }
}
