package dev.diorama.video;

import java.io.IOException;

/** Receives the frames of a video in order, each as soon as it is decoded. */
@FunctionalInterface
public interface FrameConsumer {

  /**
   * Takes one frame, on the thread that runs the request.
   *
   * @param frame the frame; its arrays are the receiver's to keep
   * @throws IOException when it cannot be written; the request ends with this exception
   */
  void accept(VideoFrame frame) throws IOException;
}
