"""Which expressions of a bundle's config are evaluated."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.bundle.reference_resolver import ReferenceResolver

from medseg.assist.bundle.expressions import require_harmless
from medseg.errors import InputError

HARMLESS = [
    "$torch.device('cpu')",
    "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "$@bundle_root + '/models/model.pt'",
    "$@network_def.to(@device)",
    "$@a::b::0 + 2 * @c - 1",
    "$[x / 2 for x in @spacing]",
    "$list(range(@channels))[1:]",
    "$torch.float32",
    "$np.inf",
    "$lambda x: torch.where(x > 0.5, 1, 0)",
    "$-1 if @a > 3 and not @b else {'image': [1, 2]}",
    "$@preprocessing.transforms[:3]",
]

HARMFUL = [
    "$__import__('os').system('x')",
    "$().__class__.__base__.__subclasses__()",
    "$(lambda: 0).__globals__",
    "$import os",
    "$from os import system",
    "$exec('x')",
    "$eval('x')",
    "$open('x', 'w')",
    "$getattr(torch, 'os')",
    "$setattr(torch.backends.cudnn, 'benchmark', True)",
    "$torch.load('x')",
    "$torch.os.system('x')",
    "$torch.hub.load('a', 'b')",
    "$torch",
    "$torch.cuda",
    "$monai.bundle.run()",
    "$np.load('x', allow_pickle=True)",
    "$np.array([1]).tofile('x')",
    "$'{0.__class__}'.format(@a)",
    "$f'{@a}'",
    "$(torch := @a)",
    "$[torch for torch in @a][0].os.system('x')",
    "$(lambda torch: torch.os.system('x'))(@a)",
    "$globals()",
    "$[*(x for x in @a)]",
    "$9**9**9",
    "$@a[@b.__class__]",
    "$__local_refs",
    "$__local_refs.clear()",
    "$torch['os']",
    "$@network.load_state_dict(torch.load('x'))",
    "$yield_(1)",
    "$",
    "$'@a' (1)",
    "$1; 2",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_expressions_that_compute_are_let_through(text):
    require_harmless(text)


@pytest.mark.parametrize("text", HARMFUL)
def test_expressions_that_could_do_more_are_refused(text):
    with pytest.raises(InputError) as refused:
        require_harmless(text)
    assert refused.value.details["reason"] == "untrusted-expression"


PIECES = [
    "@a", "@a::b", "'", '"', "os", "__import__('os')", "(", ")", ".", "system", "['x']", " ", "+", "torch",
    "lambda x:", "eval", " or ", "x", ",", "\\", "#",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@settings(max_examples=25)
@given(st.lists(st.sampled_from(PIECES), max_size=9))
def test_no_mixture_of_quotes_and_references_hides_a_name(pieces):
    # MONAI puts quotes around ids where a reference stands, inside of texts, too.
    text = "$" + "".join(pieces)
    try:
        require_harmless(text)
    except InputError:
        return
    table = {"a": 1, "a::b": 1, "": 1}
    replaced = ReferenceResolver.update_refs_pattern(text, table)
    tree = ast.parse(replaced[1:].strip(), mode="eval")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not {"eval", "__import__", "os", "system", "torch"} & names
