package dev.diorama.splat.format;

/**
 * A section of a .ksplat.
 *
 * @param count its Gaussians
 * @param degree of their spherical harmonics
 * @param rowBytes the size of one
 * @param centres where its buckets' centres begin, [buckets, 3] floats
 * @param data where its Gaussians begin
 * @param bucketSize how many Gaussians a full bucket has; full buckets come first
 * @param fullBuckets how many are full
 * @param partialStarts the first Gaussian of each further bucket
 * @param buckets how many there are in all
 * @param step the size of one step of a position within its bucket
 * @param range the steps from a bucket's corner to its centre
 */
record KsplatSection(
    int count,
    int degree,
    int rowBytes,
    long centres,
    long data,
    long bucketSize,
    long fullBuckets,
    int[] partialStarts,
    int buckets,
    double step,
    int range) {}
