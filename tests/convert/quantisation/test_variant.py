from convert.quantisation.variant import CLASSIFIER, FASTEST, FIRST_CONVOLUTION, Variant


def test_in_words() -> None:
    assert str(FASTEST) == "MinMax"
    assert str(Variant("Entropy", (FIRST_CONVOLUTION, CLASSIFIER))) == "Entropy, first convolution and classifier in f32"
