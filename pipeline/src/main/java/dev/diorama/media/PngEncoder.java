package dev.diorama.media;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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

/** Pictures of one size as PNG, the clip's metadata as international text. */
final class PngEncoder implements AutoCloseable {
  private static final String NATIVE = "javax_imageio_png_1.0";

  private final Clip clip;
  private final ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();

  PngEncoder(Clip clip) {
    this.clip = clip;
  }

  /** The bytes of a file. */
  byte[] encode(byte[] rgb) throws IOException {
    BufferedImage image = new Picture(clip.width(), clip.height(), rgb).toImage();
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try (ImageOutputStream stream = new MemoryCacheImageOutputStream(encoded)) {
      writer.setOutput(stream);
      writer.write(new IIOImage(image, null, metadata(image)));
    }
    return encoded.toByteArray();
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
  public void close() {
    writer.dispose();
  }
}
