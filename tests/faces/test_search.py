"""Where faces are looked for, by hand."""

from affect_jax.faces.search import search_regions


def test_search_regions_by_hand():
    whole, padded, halves = search_regions(1000, 500, 1)
    assert [(crop.center_x_px, crop.center_y_px, crop.side_px) for crop in whole + padded] == [
        (499.5, 249.5, 1000),
        (499.5, 249.5, 2000),
    ]
    assert [crop.center_x_px for crop in halves] == [249.5, 499.5, 749.5]  # 500 px wide, overlapping by half
    assert len(list(search_regions(200, 200, 2))) == 2  # tiles would be smaller than the detector's input
