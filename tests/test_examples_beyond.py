"""The course beyond the post: attention, Newton's method, homework that a test corrects."""

import numpy as np


def is_svg(path):
    return path.read_text(encoding="utf-8").rstrip().endswith("</svg>")


# 18 attention


def attention_in_arrays(names, characters):
    """Equation (1) of the paper on the trained parameters: alpha (T, T) and logits z (T, 8)."""
    sizes = [(6, 8), (8, 6), (6, 6), (6, 6), (6, 6), (8, 6)]
    numbers = iter(names["form"].parameters)
    E, P, Q, K, V, W = [
        np.array([next(numbers) for _ in range(n * m)]).reshape(n, m) for n, m in sizes
    ]
    h = E.T[[names["ALPHABET"].index(c) for c in characters]] + P  # (T, D)
    scores = (h @ Q.T) @ (h @ K.T).T / np.sqrt(6)  # (T, T)
    weights = np.exp(np.where(np.tri(8) == 1, scores, -np.inf))
    alpha = weights / weights.sum(axis=1, keepdims=True)
    return alpha, (h + alpha @ (h @ V.T)) @ W.T


def test_attention_in_scalars_is_that_of_the_paper(example):
    names = example("18_attention.py").names
    for context in [*names["fresh"][:5], names["EXAMPLE"]]:
        for found, right in zip(
            names["read"](context), attention_in_arrays(names, context[:8]), strict=True
        ):
            np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-12)


def test_attention_sees_nothing_that_comes_later(example):
    read = example("18_attention.py").names["read"]
    z, other = read("[ab](ab)")[1], read("[ab]{ba}")[1]
    np.testing.assert_allclose(z[:4], other[:4], rtol=1e-12)
    assert np.all(np.max(np.abs(z[4:] - other[4:]), axis=1) > 0.01)


def test_gradients_of_attention_agree(example):
    names = example("18_attention.py").names
    assert names["off_graph"] < 1e-13
    assert names["off_differences"] < 1e-8
    assert np.count_nonzero(names["by_graph"]) > 200


def test_the_bigram_entropy_is_that_of_pairs_less_that_of_firsts(example):
    names = example("18_attention.py").names
    pairs = np.zeros((8, 8))
    for c in names["fresh"]:
        places = [names["ALPHABET"].index(letter) for letter in c]
        np.add.at(pairs, (places[:-1], places[1:]), 1)

    def entropy(counts):
        p = counts[counts > 0] / counts.sum()
        return -np.sum(p * np.log(p))

    assert abs(entropy(pairs) - entropy(pairs.sum(axis=1)) - names["bigram"]) < 1e-12
    chance_of_the_kind = np.log(3) * pairs[:, 3:6].sum() / pairs.sum()
    assert abs(names["bigram"] - names["floor"] - chance_of_the_kind) < 0.05


def test_attention_does_what_no_bigram_model_can(example):
    names = example("18_attention.py").names
    assert names["loss"] < names["bigram"] - 0.1
    assert names["floor"] - 0.02 < names["loss"] < names["floor"] + 0.06
    assert len(names["closed"]) > 100
    assert names["right"] > 0.97 * len(names["closed"])


def test_a_letter_looks_at_the_bracket_that_opened_its_group(example):
    ran = example("18_attention.py")
    before, after = ran.names["before"], ran.names["after"]
    assert before[7].argmax() != 4
    assert after[5:, 4].min() > 0.8
    assert "wrote 18_attention.svg" in ran.printed
    assert is_svg(ran.folder / "18_attention.svg")
