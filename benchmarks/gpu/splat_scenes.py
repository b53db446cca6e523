"""Scenes of Gaussians for benchmarks, as PyTorch tensors: a procedural one, points of an .npz, a .ply of a fit."""
import math
import pathlib
from dataclasses import dataclass, replace

import torch

import splats

SH0 = 0.28209479177387814
OPACITY = 0.7
COEFFICIENTS = 16  # of degree 3
WIDTH, HEIGHT, FIELD_OF_VIEW = 648, 420, 50


@dataclass
class Scene:
    """[N, 3], [N, 4], [N, 3], [N], [N, 16, 3] and where it is seen from."""

    name: str
    means: torch.Tensor
    quats: torch.Tensor
    log_scales: torch.Tensor
    logit_opacities: torch.Tensor
    sh: torch.Tensor
    camera: splats.Camera

    @property
    def count(self):
        return self.means.shape[0]

    def tensors(self):
        return {name: getattr(self, name) for name in ("means", "quats", "log_scales", "logit_opacities", "sh")}

    def at(self, width, height):
        return replace(self, camera=self.camera.at(width, height))

    def copies(self, count):
        """The same place with more Gaussians, or the first of it: copies are moved by a standard deviation at random."""
        n = self.count
        rows = torch.arange(count, device=self.means.device) % n
        means = self.means[rows]
        if count > n:
            means[n:] += self.log_scales[rows[n:]].exp() * torch.randn(count - n, 3, device=means.device)
        return replace(self, means=means, quats=self.quats[rows].contiguous(), log_scales=self.log_scales[rows].contiguous(),
                       logit_opacities=self.logit_opacities[rows].contiguous(), sh=self.sh[rows].contiguous())


def look_at(eye, centre):
    """World to camera, [4, 4] in a row: OpenCV's axes, up is against y."""
    unit = lambda v: v / v.norm()
    z = unit(centre - eye)
    x = unit(torch.linalg.cross(torch.tensor([0.0, 1.0, 0.0], dtype=z.dtype), z))
    turn = torch.stack([x, torch.linalg.cross(z, x), z])
    view = torch.eye(4, dtype=z.dtype)
    view[:3, :3], view[:3, 3] = turn, -turn @ eye
    return view.flatten().tolist()


def facing(means):
    """A camera that sees the middle of a scene, from outside and above."""
    places = means.double().cpu()
    centre = places.median(0).values
    radius = (places - centre).norm(dim=1).median()
    view = look_at(centre + radius * torch.tensor([1.2, -0.9, -1.5], dtype=torch.float64), centre)
    focal = HEIGHT / 2 / math.tan(math.radians(FIELD_OF_VIEW) / 2)
    return splats.Camera(splats.PINHOLE, WIDTH, HEIGHT, focal, focal, WIDTH / 2, HEIGHT / 2, (splats.ctypes.c_float * 16)(*view))


def gaussians_at(name, means, sizes, colours, camera):
    """One Gaussian a point, a little longer than wide, its colour changing with the direction: all of degree 3 is read."""
    n, device = means.shape[0], means.device
    sh = 0.05 * torch.randn(n, COEFFICIENTS, 3, device=device)
    sh[:, 0] = (colours - 0.5) / SH0
    log_scales = sizes.log()[:, None] + 0.3 * torch.randn(n, 3, device=device)
    return Scene(name, means.contiguous(), torch.randn(n, 4, device=device), log_scales,
                 torch.full((n,), math.log(OPACITY / (1 - OPACITY)), device=device), sh, camera or facing(means))


def procedural(count, device, balls=60):
    """Balls on a ground, all surface, as scans of places are; as large as neighbours are apart."""
    radii = 0.05 + 0.2 * torch.rand(balls, device=device)
    centres = torch.stack([3.6 * torch.rand(balls, device=device) - 1.8, -radii, 3.6 * torch.rand(balls, device=device) - 1.8], 1)
    areas = torch.cat([torch.tensor([16.0], device=device), 4 * math.pi * radii ** 2])
    which = torch.multinomial(areas, count, replacement=True) - 1
    ground = torch.stack([4 * torch.rand(count, device=device) - 2, torch.zeros(count, device=device),
                          4 * torch.rand(count, device=device) - 2], 1)
    direction = torch.nn.functional.normalize(torch.randn(count, 3, device=device), dim=1)
    on_ball = centres[which.clamp_min(0)] + radii[which.clamp_min(0), None] * direction
    means = torch.where(which[:, None] < 0, ground, on_ball)
    size = torch.full((count,), math.sqrt(areas.sum().item() / count), device=device)
    colours = 0.5 + 0.3 * torch.sin(9 * means + torch.arange(3, device=device))
    return gaussians_at("procedural", means, size, colours, None)


def neighbour_distances(means, neighbours=3, rows=2048):
    """The mean distance to the nearest points in other places."""
    result = torch.empty(means.shape[0], device=means.device)
    for begin in range(0, means.shape[0], rows):
        part = torch.cdist(means[begin:begin + rows], means, compute_mode="donot_use_mm_for_euclid_dist")
        part[part == 0] = math.inf
        result[begin:begin + rows] = part.topk(neighbours, largest=False).values.mean(1)
    return result.clamp_min(1e-6)


def read_points(path, device, most=None):
    """An .npz with means3d, colors (8 bits), viewmats, Ks, width and height, as gsplat's test scene is."""
    import numpy

    data = numpy.load(path)
    means = torch.from_numpy(data["means3d"]).to(device)[:most]
    colours = torch.from_numpy(data["colors"]).to(device)[:most] / 255
    k = data["Ks"][0]
    camera = splats.Camera(splats.PINHOLE, int(data["width"]), int(data["height"]), k[0, 0], k[1, 1], k[0, 2], k[1, 2],
                           (splats.ctypes.c_float * 16)(*data["viewmats"][0].flatten().tolist()))
    return gaussians_at(path.stem, means, neighbour_distances(means), colours, camera)


def read_ply(path, device):
    """The binary .ply of Kerbl et al. 2023; rotations and scales as they are stored."""
    data = path.read_bytes()
    header, body = data.split(b"end_header\n", 1)
    lines = header.decode("ascii").splitlines()
    if "format binary_little_endian 1.0" not in lines:
        raise ValueError(f"{path} is no binary little-endian .ply")
    names = [line.split()[2] for line in lines if line.startswith("property float ")]
    count = next(int(line.split()[2]) for line in lines if line.startswith("element vertex "))
    if len(names) != sum(line.startswith("property ") for line in lines) or len(body) < 4 * count * len(names):
        raise ValueError(f"{path} is no .ply of Gaussians, or is cut off")
    table = torch.frombuffer(bytearray(body[:4 * count * len(names)]), dtype=torch.float32).view(count, len(names)).to(device)
    column = {name: index for index, name in enumerate(names)}
    take = lambda *wanted: table[:, [column[name] for name in wanted]].contiguous()
    rest = sum(name.startswith("f_rest_") for name in names) // 3
    sh = torch.zeros(count, COEFFICIENTS, 3, device=device)
    sh[:, 0] = take("f_dc_0", "f_dc_1", "f_dc_2")
    for index in range(rest):
        sh[:, 1 + index] = take(*(f"f_rest_{channel * rest + index}" for channel in range(3)))
    means = take("x", "y", "z")
    return Scene(path.stem, means, take("rot_0", "rot_1", "rot_2", "rot_3"), take("scale_0", "scale_1", "scale_2"),
                 take("opacity")[:, 0].contiguous(), sh, facing(means))


def read(path, device, most=None):
    path = pathlib.Path(path)
    if path.suffix == ".npz":
        return read_points(path, device, most)
    if path.suffix == ".ply":
        return read_ply(path, device)
    raise ValueError(f"{path}: a scene is an .npz of points or a .ply of Gaussians")
