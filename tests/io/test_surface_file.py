"""Surfaces in files, as other programs read them."""

from __future__ import annotations

from dataclasses import replace

import meshio
import numpy as np
import pygltflib
import pytest
import trimesh

from medseg.errors import InputError, OutputExistsError
from medseg.io.surface_file import write_surfaces
from medseg.labelmap import LabelMap, Structure
from medseg.labelmap.surface import surface_of
from medseg.space import Grid

FLOAT32_MM = 1e-4
"""Four bytes hold a metre to 6e-5 mm."""


@pytest.fixture(scope="module")
def surfaces():
    grid = Grid.from_axes(
        (9, 16, 14),
        origin_lps_mm=(-140, 80, 900),
        step_k_mm=(0, 0.3, -3),
        step_j_mm=(0, 1, 0),
        step_i_mm=(-1, 0, 0),
    )
    labels = np.zeros(grid.shape_kji, np.uint8)
    labels[1:8, 2:14, 2:12] = 1
    labels[3:6, 4:9, 5:9] = 2
    structures = (
        Structure("liver", "Leber – größer", 1, "#dd8265"),
        Structure("tumour-1", "Tumour 1", 2, "#00ff00", part_of="liver"),
    )
    label_map = LabelMap(grid, (labels,), structures)
    return tuple(surface_of(label_map, s.id) for s in structures)


def same_surface(found_vertices, found_triangles, surface):
    """Whether corners of triangles lie where they should; STL has no shared vertices."""
    wanted = surface.vertices_lps_mm[surface.triangles]
    found = np.asarray(found_vertices)[np.asarray(found_triangles)]
    return found.shape == wanted.shape and np.abs(found - wanted).max() < FLOAT32_MM


@pytest.mark.parametrize("ending", [".stl", ".ply", ".obj"])
def test_meshio_and_trimesh_read_one_surface_in_patient_mm(tmp_path, surfaces, ending):
    (path,) = write_surfaces(surfaces[:1], tmp_path / f"a{ending}")
    mesh = meshio.read(path)
    assert same_surface(mesh.points, mesh.cells_dict["triangle"], surfaces[0])
    closed = trimesh.load(path)
    assert closed.is_watertight
    assert closed.volume == pytest.approx(surfaces[0].volume_mm3, rel=1e-5)


@pytest.mark.parametrize("ending", [".stl", ".ply"])
def test_several_structures_get_a_file_each(tmp_path, surfaces, ending):
    written = write_surfaces(surfaces, tmp_path / f"a{ending}")
    assert [path.name for path in written] == [f"a_liver{ending}", f"a_tumour-1{ending}"]
    for path, surface in zip(written, surfaces, strict=True):
        mesh = meshio.read(path)
        assert same_surface(mesh.points, mesh.cells_dict["triangle"], surface)


def test_an_obj_has_an_object_a_structure(tmp_path, surfaces):
    (path,) = write_surfaces(surfaces, tmp_path / "a.obj")
    scene = trimesh.load_scene(path, split_objects=True)
    volumes = sorted(mesh.volume for mesh in scene.geometry.values())
    assert volumes == pytest.approx(sorted(s.volume_mm3 for s in surfaces), rel=1e-5)
    lines = path.read_text(encoding="ascii").splitlines()
    assert [line for line in lines if line.startswith("o ")] == ["o liver", "o tumour-1"]


@pytest.mark.parametrize("ending", [".stl", ".ply", ".obj"])
def test_the_head_states_frame_and_smoothing(tmp_path, surfaces, ending):
    (path,) = write_surfaces(surfaces[1:], tmp_path / f"a{ending}")
    head = path.read_bytes()[: 80 if ending == ".stl" else 400].decode("ascii")
    assert not head.startswith("solid")
    assert "SPACE=LPS" in head
    assert surfaces[1].smoothing in head
    assert surfaces[1].smoothing.startswith("Taubin 20 x (0.5, -0.53), moved ")
    if ending != ".stl":
        assert "structure tumour-1: Tumour 1, color #00ff00" in head


def test_ply_has_the_colour(tmp_path, surfaces):
    (path,) = write_surfaces(surfaces[:1], tmp_path / "a.ply")
    assert trimesh.load(path).visual.vertex_colors[0].tolist() == [0xDD, 0x82, 0x65, 255]


def test_gltf_holds_patient_mm_and_a_root_that_leads_to_metres(tmp_path, surfaces):
    (path,) = write_surfaces(surfaces, tmp_path / "a.glb")
    document = pygltflib.GLTF2().load(str(path))
    root, *nodes = document.nodes
    matrix = np.array(root.matrix).reshape(4, 4).T
    assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1e-9)
    # 1 m to the patient's left, back and head: right in the picture, away from who looks, and up.
    assert np.allclose(matrix[:3, :3] @ np.diag([1000.0] * 3), [[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    assert [node.name for node in nodes] == ["Leber – größer", "Tumour 1"]
    about = document.meshes[nodes[1].mesh].extras
    assert (about["structure"], about["smoothing"]) == ("tumour-1", surfaces[1].smoothing)
    assert "LPS" in document.asset.extras["frame"]
    blob = document.binary_blob()
    for node, surface in zip(nodes, surfaces, strict=True):
        primitive = document.meshes[node.mesh].primitives[0]
        positions, normals, corners = (
            _numbers(document, blob, number, kind)
            for number, kind in (
                (primitive.attributes.POSITION, "<f4"),
                (primitive.attributes.NORMAL, "<f4"),
                (primitive.indices, "<u4"),
            )
        )
        assert same_surface(positions, corners.reshape(-1, 3), surface)
        assert document.accessors[primitive.attributes.POSITION].min == positions.min(axis=0).tolist()
        assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
        assert document.materials[primitive.material].name == surface.structure.id
    color = document.materials[1].pbrMetallicRoughness.baseColorFactor
    assert color == [0, 1, 0, 1]


@pytest.mark.parametrize("ending", [".obj", ".glb"])
def test_structures_of_one_name_and_of_odd_ids_are_all_there(tmp_path, surfaces, ending):
    names = (("world", "Same"), ("camera", "Same"), ("structure", "patient LPS mm"))
    many = [
        replace(surfaces[n % 2], structure=Structure(structure_id, name, n + 1))
        for n, (structure_id, name) in enumerate(names)
    ]
    (path,) = write_surfaces(many, tmp_path / f"a{ending}")
    scene = trimesh.load_scene(path, split_objects=True) if ending == ".obj" else trimesh.load_scene(path)
    assert len(scene.geometry) == 3
    if ending == ".glb":
        document = pygltflib.GLTF2().load(str(path))
        assert [node.name for node in document.nodes] == ["patient LPS mm", "Same", "Same", "patient LPS mm"]


def _numbers(document, blob, number, kind):
    accessor = document.accessors[number]
    view = document.bufferViews[accessor.bufferView]
    assert view.byteOffset % 4 == 0
    numbers = np.frombuffer(blob[view.byteOffset : view.byteOffset + view.byteLength], kind)
    return numbers.reshape(accessor.count, -1)


def test_trimesh_sees_the_gltf_upright_in_metres(tmp_path, surfaces):
    (path,) = write_surfaces(surfaces, tmp_path / "a.glb")
    scene = trimesh.load(path)
    assert len(scene.geometry) == 2
    whole = np.vstack([s.vertices_lps_mm for s in surfaces])
    wanted = np.array([whole[:, 0], whole[:, 2], -whole[:, 1]]) / 1000
    assert np.allclose(scene.bounds, [wanted.min(axis=1), wanted.max(axis=1)], atol=1e-6)


@pytest.mark.parametrize("ending", [".stl", ".ply", ".obj", ".glb"])
def test_the_same_surfaces_give_the_same_bytes_and_nothing_is_overwritten(tmp_path, surfaces, ending):
    first = write_surfaces(surfaces, tmp_path / f"a{ending}")
    before = [path.read_bytes() for path in first]
    first[-1].unlink()
    if len(first) > 1:
        with pytest.raises(OutputExistsError):
            write_surfaces(surfaces, tmp_path / f"a{ending}")
        assert not first[-1].exists()
    again = write_surfaces(surfaces, tmp_path / f"a{ending}", overwrite=True)
    assert [path.read_bytes() for path in again] == before
    assert len(list(tmp_path.iterdir())) == len(first)


def test_other_names_and_nothing_are_refused(tmp_path, surfaces):
    for name in ("a.vtk", "a", "a.gltf"):
        with pytest.raises(InputError):
            write_surfaces(surfaces, tmp_path / name)
    with pytest.raises(InputError):
        write_surfaces([], tmp_path / "a.stl")
