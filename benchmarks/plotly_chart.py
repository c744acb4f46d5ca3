"""The same vocabulary and paths in a Plotly chart of the same browser, the other side of the viewer's seek."""

from pathlib import Path

import numpy as np
import plotly

SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
TAIL = 120  # steps of a path that stay in sight behind its end, as in the viewer

_DRAW = """async ({ vocabulary, path, positions, tail }) => {
  const column = (rows, axis) => rows.map((row) => row[axis]);
  const size = { width: innerWidth, height: innerHeight };
  const traces = [
    { type: "scattergl", mode: "markers", x: column(vocabulary, 0), y: column(vocabulary, 1), marker: { size: 3 } },
    { type: "scattergl", mode: "lines", x: [], y: [] },
    { type: "scattergl", mode: "markers", x: [], y: [], marker: { size: 9 } },
  ];
  const chart = document.body.appendChild(document.createElement("div"));
  await Plotly.newPlot(chart, traces, { ...size, showlegend: false }, { staticPlot: true });
  window.restyle = (step) => {
    const [lines, ends] = [{ x: [], y: [] }, { x: [], y: [] }];
    for (let position = 0; position < positions; position += 1) {
      for (let at = Math.max(0, step - tail); at <= step; at += 1) {
        const [x, y] = path[at * positions + position];
        lines.x.push(x), lines.y.push(y);
        if (at === step) ends.x.push(x), ends.y.push(y);
      }
      lines.x.push(null), lines.y.push(null);
    }
    return Plotly.restyle(chart, { x: [lines.x, ends.x], y: [lines.y, ends.y] }, [1, 2]);
  };
}"""


class PlotlyChart:
    """A scattergl chart of a run's map on an empty page that holds `frameMeter`."""

    def __init__(self, page, vocabulary: np.ndarray, path: np.ndarray):
        """vocabulary: (V, C); path: (S+1, P, C); the first two of the C axes are drawn."""
        self.page = page
        page.goto("about:blank")
        page.add_script_tag(path=SCRIPT)
        data = {"vocabulary": vocabulary[:, :2].tolist(), "path": path[..., :2].reshape(-1, 2).tolist()}
        page.evaluate(_DRAW, data | {"positions": path.shape[1], "tail": TAIL})

    def restyle(self, steps: list[int]) -> list[float]:
        """Returns the milliseconds of work of moving the chart to each of some steps."""
        found = self.page.evaluate("steps => frameMeter.each(steps, window.restyle)", steps)
        return [one["work"] for one in found]
