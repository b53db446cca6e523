"""What a user would run instead of Diorama's splats: gsplat, from an installed copy or built from its own source."""
import sys

import torch
import torch.nn.functional as F

# gsplat's own figures, for what could not be measured here: another card and another scene, so nothing to divide by.
PUBLISHED = (
    ("gsplat 1.0.0, TITAN RTX, its garden points, RGB, not packed: 348.3 frames/s forward, 171.9 backward, 0.17 GB",
     "gsplat docs/source/tests/profile.rst at 0ae96a69"),
    ("gsplat, TITAN RTX, bonsai, 30,000 steps to 1.25 million Gaussians: 1422 s, 2.29 GB",
     "gsplat docs/source/tests/eval.rst at 012c620c"),
    ("gsplat, TITAN RTX, garden, 30,000 steps to 5.84 million Gaussians: 3013 s, 9.88 GB",
     "gsplat docs/source/tests/eval.rst at 012c620c"),
)


class Gsplat:
    """gsplat's rasterization and a training step as its own examples do it."""

    def __init__(self, module):
        self._rasterization = module.rasterization
        self.name = f"gsplat {getattr(module, '__version__', '')}".strip()

    def parameters(self, scene, learnt):
        if not learnt:
            return {"means": scene.means, "quats": scene.quats, "scales": scene.log_scales.exp(),
                    "opacities": scene.logit_opacities.sigmoid(), "sh": scene.sh}
        return {name: tensor.clone().requires_grad_() for name, tensor in scene.tensors().items()}

    def view(self, camera, device):
        """A camera as gsplat takes it."""
        k = torch.tensor([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]], device=device)[None]
        return torch.tensor(list(camera.view), device=device).view(1, 4, 4), k, camera.width, camera.height

    def draw(self, parameters, view):
        """[H, W, 3]; activations are part of it where parameters are learnt."""
        learnt = "log_scales" in parameters
        scales = parameters["log_scales"].exp() if learnt else parameters["scales"]
        opacities = parameters["logit_opacities"].sigmoid() if learnt else parameters["opacities"]
        return self._rasterization(parameters["means"], parameters["quats"], scales, opacities, parameters["sh"], *view,
                                   sh_degree=3, packed=False)[0][0]

    def fit(self, scene, view, target, rates):
        """A function that does one step and returns the loss as a tensor."""
        parameters = self.parameters(scene, True)
        constant = parameters["sh"].detach()[:, :1].clone().requires_grad_()
        other = parameters["sh"].detach()[:, 1:].clone().requires_grad_()
        groups = [(parameters["means"], rates["means"]), (parameters["quats"], rates["quats"]),
                  (parameters["log_scales"], rates["log_scales"]), (parameters["logit_opacities"], rates["logit_opacities"]),
                  (constant, rates["constant"]), (other, rates["other"])]
        fused = scene.means.is_cuda
        optimizer = torch.optim.Adam([{"params": [p], "lr": rate} for p, rate in groups], eps=1e-15, fused=fused)
        similarity = similarity_function(scene.means.device)

        def step():
            optimizer.zero_grad(set_to_none=True)
            picture = self.draw({**parameters, "sh": torch.cat([constant, other], 1)}, view)
            loss = 0.8 * (picture - target).abs().mean() + 0.2 * (1 - similarity(picture, target))
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step


def similarity_function(device):
    """SSIM of two [H, W, 3]: fused_ssim, which gsplat's examples use, or the same by convolutions."""
    try:
        from fused_ssim import fused_ssim

        return lambda a, b: fused_ssim(a.permute(2, 0, 1)[None], b.permute(2, 0, 1)[None], padding="same")
    except ImportError:
        places = torch.arange(11, device=device) - 5.0
        line = torch.exp(-places ** 2 / (2 * 1.5 ** 2))
        line = line / line.sum()
        window = (line[:, None] * line)[None, None].expand(3, 1, 11, 11).contiguous()

        def similarity(a, b):
            x, y = (t.permute(2, 0, 1)[None] for t in (a, b))
            mean = lambda t: F.conv2d(t, window, padding=5, groups=3)
            mx, my = mean(x), mean(y)
            vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
            return ((2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4))).mean()

        return similarity


def find_gsplat(source):
    """(Gsplat, None), or (None, why not). source: a checkout with its submodules, or None."""
    if source:
        sys.path.insert(0, str(source))
    try:
        import gsplat
        from gsplat.cuda._backend import _C
    except Exception as error:  # its build may fail in many ways: said in the table, not hidden
        return None, (str(error).splitlines() or [type(error).__name__])[0][:160]
    if _C is None:
        return None, "gsplat has no CUDA kernels here"
    return Gsplat(gsplat), None


if __name__ == "__main__":  # builds gsplat's kernels where they are not: gpu-check does it beside its tests
    found, reason = find_gsplat(sys.argv[1] if len(sys.argv) > 1 else None)
    print(found.name if found else reason)
    sys.exit(0 if found else 1)
