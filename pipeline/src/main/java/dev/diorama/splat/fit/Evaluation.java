package dev.diorama.splat.fit;

/**
 * How well a scene explains pictures. Colours are cut to 0..1 first; means over the views.
 *
 * @param iteration after which it was measured
 * @param gaussians that there were
 * @param psnr 10 log10(1 / mean squared difference), in decibels
 * @param ssim window of 11 x 11, sigma 1.5, zeros outside
 * @param views how many were measured
 * @param heldOut whether they were held out; else there are none, and these are those of training
 * @param seconds of training so far, in this and in resumed runs
 */
public record Evaluation(
    int iteration,
    int gaussians,
    double psnr,
    double ssim,
    int views,
    boolean heldOut,
    double seconds) {}
