package dev.diorama.video;

/**
 * One finished frame. The arrays belong to the receiver.
 *
 * @param index position in the video, from 0
 * @param width pixels in a row
 * @param height rows
 * @param rgb {@code [height, width, 3]}, 0 to 1
 * @param rgb8 the same, rounded to 8 bits
 */
public record VideoFrame(int index, int width, int height, float[] rgb, byte[] rgb8) {}
