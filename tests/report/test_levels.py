import numpy as np

from affect_jax.report.levels import plot_levels, share_between


def test_bars_are_stacked_and_titles_say_the_share_in_between():
    regular, added = np.array([40, 0, 0, 4, 0, 6, 0, 0, 0, 0, 30]), np.zeros(11, int)
    added[4] = 20
    assert share_between("intensity_sad", regular) == 10 / 80
    assert np.isnan(share_between("intensity_sad", added * 0))
    figure = plot_levels(
        {"intensity_sad": np.stack([regular, added]), "intensity_fear": np.stack([regular, added * 0])}
    )
    first, second = figure.axes
    assert first.get_title(loc="left") == "intensity sad: 12% between, 30% with added ones"
    assert second.get_title(loc="left") == "intensity fear: 12% between"
    gray, colored = first.containers
    assert [bar.get_height() for bar in gray] == regular.tolist()
    assert [bar.get_height() for bar in colored] == added.tolist()
    assert [bar.get_y() for bar in colored] == regular.tolist()
