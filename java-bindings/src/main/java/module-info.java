/**
 * Diorama: hand-written kernels for video diffusion, called from Java.
 *
 * <p>Start at {@link dev.diorama.Backend}. The native library comes from the jar {@code
 * dev.diorama:diorama-native} of the platform; give the module native access with {@code
 * --enable-native-access=dev.diorama} ({@code ALL-UNNAMED} on the class path).
 */
module dev.diorama {
  exports dev.diorama;
}
