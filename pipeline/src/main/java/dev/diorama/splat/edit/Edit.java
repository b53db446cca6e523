package dev.diorama.splat.edit;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;

/** One change of a scene. */
@FunctionalInterface
public interface Edit {

  /**
   * Does it.
   *
   * @param scene is left as it is
   * @return a new scene, or the same one when there is nothing to do
   * @throws SceneException when it can't be done with this scene
   */
  Gaussians apply(Gaussians scene) throws SceneException;
}
