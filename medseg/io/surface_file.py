"""Surfaces → files of other programs, by trimesh; the format by the ending of the name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medseg.errors import InputError
from medseg.io.atomic import whole_file
from medseg.io.surface_words import FRAME, PROGRAM, comments, one_line
from medseg.labelmap.surface import Surface

if TYPE_CHECKING:
    from trimesh import Trimesh

LPS_MM_TO_GLTF = ((1e-3, 0, 0, 0), (0, 0, 1e-3, 0), (0, -1e-3, 0, 0), (0, 0, 0, 1))
"""To metres with y up, seen from +z, as glTF demands: the patient's left to +x, head to +y, front to +z.

The vertices in the file stay patient mm; the matrix of one node above all others takes them there.
"""

PATIENT_NODE = "patient LPS mm"

_STL_HEAD_BYTES = 80
_OBJ_DECIMALS = 5
"""A hundredth of a micrometre: 32-bit readers lose more."""


def write_surfaces(surfaces: Sequence[Surface], path: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write surfaces with vertices in patient LPS mm; all files or none.

    Args:
        surfaces: At least one.
        path: ``*.obj`` or ``*.glb`` for one file with all of them; ``*.stl`` or ``*.ply`` for a file a
            structure: several get the structure's id behind the name, ``case.stl`` → ``case_liver.stl``.
        overwrite: Whether files that are there are replaced.

    Returns:
        The files.

    Raises:
        InputError: The name has another ending, or there is nothing to write.
        OutputExistsError, OutputError: They can't be written.
    """
    ending = path.suffix.lower()
    if ending not in SURFACE_ENDINGS:
        raise InputError(
            f"expected surfaces named *{', *'.join(SURFACE_ENDINGS)}, got {path.name}", reason="format"
        )
    if not surfaces:
        raise InputError("there is no surface to write", reason="no-structures")
    contents = _contents(surfaces, path, ending)
    with ExitStack() as files:
        for target, content in contents.items():
            files.enter_context(whole_file(target, overwrite=overwrite)).write_bytes(content)
    return tuple(contents)


def _contents(surfaces: Sequence[Surface], path: Path, ending: str) -> dict[Path, bytes]:
    if ending in _TOGETHER:
        return {path: _TOGETHER[ending](surfaces)}
    encode = _ONE_BY_ONE[ending]
    if len(surfaces) == 1:
        return {path: encode(surfaces[0])}
    return {path.with_name(f"{path.stem}_{one.structure.id}{path.suffix}"): encode(one) for one in surfaces}


def _mesh(surface: Surface, **about: Any) -> Trimesh:
    from trimesh import Trimesh

    # Unprocessed: trimesh would merge and reorder vertices.
    return Trimesh(surface.vertices_lps_mm, surface.triangles, process=False, metadata=about)


def _stl(surface: Surface) -> bytes:
    from trimesh.exchange.stl import export_stl

    head = one_line(surface).encode("ascii")[:_STL_HEAD_BYTES].ljust(_STL_HEAD_BYTES)
    return head + bytes(export_stl(_mesh(surface))[_STL_HEAD_BYTES:])


def _ply(surface: Surface) -> bytes:
    from trimesh.exchange.ply import export_ply

    mesh = _mesh(surface)
    mesh.visual.vertex_colors = np.tile([*_rgb(surface), 255], (len(mesh.vertices), 1)).astype(np.uint8)
    head, format_line, _, rest = export_ply(mesh, vertex_normal=False).split(b"\n", 3)
    told = [f"comment {line}".encode("ascii") for line in comments((surface,))]
    return b"\n".join([head, format_line, *told, rest])


def _obj(surfaces: Sequence[Surface]) -> bytes:
    from trimesh import Scene
    from trimesh.exchange.obj import export_obj

    scene = Scene()
    for surface in surfaces:
        scene.add_geometry(_mesh(surface), geom_name=surface.structure.id, node_name=_node(surface))
    head = "\n# ".join(comments(tuple(surfaces)))
    text = export_obj(scene, include_normals=False, digits=_OBJ_DECIMALS, header=head)
    return str(text).encode("ascii")


def _glb(surfaces: Sequence[Surface]) -> bytes:
    from trimesh import Scene
    from trimesh.exchange.gltf import export_glb
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    scene = Scene()
    scene.graph.update(frame_to=PATIENT_NODE, matrix=np.array(LPS_MM_TO_GLTF))
    for surface in surfaces:
        structure = surface.structure
        mesh = _mesh(
            surface,
            structure=structure.id,
            smoothing=surface.smoothing,
            volume_mm3=surface.volume_mm3,
            voxels_mm3=surface.voxels_mm3,
        )
        color = [round(255 * _linear(channel)) for channel in _rgb(surface)]
        material = PBRMaterial(
            structure.id, baseColorFactor=[*color, 255], metallicFactor=0, roughnessFactor=0.8
        )
        mesh.visual = TextureVisuals(material=material)
        scene.add_geometry(
            mesh, geom_name=structure.id, node_name=_node(surface), parent_node_name=PATIENT_NODE
        )
    names = {_node(surface): surface.structure.name for surface in surfaces}
    return bytes(export_glb(scene, include_normals=True, tree_postprocessor=lambda tree: _tell(tree, names)))


def _node(surface: Surface) -> str:
    """A name that no other node has: trimesh keeps one of several nodes that share a name."""
    return f"structure {surface.structure.id}"


def _tell(tree: dict[str, Any], names: dict[str, str]) -> None:
    """Say whose file it is and where its vertices lie, and call the nodes as people do."""
    frame = f"vertex {FRAME}; the matrix of the node {PATIENT_NODE!r} takes them to metres with y up"
    tree["asset"] |= {"generator": PROGRAM, "extras": {"frame": frame}}
    for node in tree["nodes"]:
        node["name"] = names.get(node["name"], node["name"])


def _rgb(surface: Surface) -> tuple[int, int, int]:
    color = surface.structure.color
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _linear(channel: int) -> float:
    """A channel of sRGB as light, which glTF's colours are (IEC 61966-2-1)."""
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


_TOGETHER = {".obj": _obj, ".glb": _glb}
_ONE_BY_ONE = {".stl": _stl, ".ply": _ply}
"""Formats that hold one nameless surface."""

SURFACE_ENDINGS = (*_ONE_BY_ONE, *_TOGETHER)
